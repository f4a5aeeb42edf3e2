//! A link, and after it the next.

use std::sync::Arc;
use std::time::Duration;

use roomful_core::Millis;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::backoff::Backoff;
use super::outbox::Outbox;
use crate::{Broker, ConnectError, Ear, Link, LinkEnd, Lost, SayError};

/// How long a broker may take to let one in. One that was stopped takes connections, and says nothing.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// What a broker has to take at once: the sums by which two nodes find out where they differ are 2.6 KiB.
const LEAST_BYTES: usize = 4 << 10;

/// A link that lasts for less is one more failure: a broker that lets everybody in and out again is not to be asked all the time.
const STEADY_MS: Millis = 5_000;

/// What became of the link.
#[derive(Debug)]
pub(super) enum LinkNews {
    /// There is one, which takes so many bytes at once. It listens to nothing that was not said again.
    Made { most_bytes: usize },
    /// There is none any more.
    Lost(Lost),
    /// There still is none.
    Failed(ConnectError),
    /// An envelope was too large, and is dropped.
    TooLarge(SayError),
}

/// Who makes links, and uses them until they end.
pub(super) struct Upkeep<E, N, R> {
    pub(super) broker: Box<dyn Broker>,
    pub(super) keeps_history: bool,
    pub(super) outbox: Arc<Outbox>,
    pub(super) news: mpsc::UnboundedSender<LinkNews>,
    /// Let go of the present link: it looks well, and is not.
    pub(super) let_go: Arc<Notify>,
    pub(super) ear: E,
    pub(super) now: N,
    pub(super) random: R,
}

/// Makes one, which also keeps what is said in rooms where it is to.
pub(super) async fn connect(broker: &dyn Broker, keeps_history: bool, ear: Ear) -> Result<Link, ConnectError> {
    let connecting = async {
        let mut link = broker.connect(ear).await?;
        if keeps_history {
            let began = link.speaker.begin_history().await;
            began.map_err(|reason| ConnectError::NoHistory { address: broker.address(), reason })?;
        }
        Ok(link)
    };
    let link = timeout(CONNECT, connecting).await.unwrap_or_else(|_| {
        let reason = format!("it says nothing for {} seconds", CONNECT.as_secs());
        Err(ConnectError::NoAnswer { address: broker.address(), reason })
    })?;
    if link.most_bytes < LEAST_BYTES {
        let (address, most_bytes) = (broker.address(), link.most_bytes);
        return Err(ConnectError::TakesTooLittle { address, most_bytes, least: LEAST_BYTES });
    }
    Ok(link)
}

impl<E: Fn() -> (Ear, LinkEnd), N: Fn() -> Millis, R: FnMut() -> u64> Upkeep<E, N, R> {
    /// Never ends. `first` is the link that there is already.
    pub(super) async fn run(mut self, mut first: Option<(Link, LinkEnd)>) {
        let mut backoff = Backoff::default();
        loop {
            let made = match first.take() {
                Some(made) => Ok(made),
                None => self.make().await,
            };
            match made {
                Ok((link, end)) => {
                    let began = (self.now)();
                    let lost = self.use_up(link, end).await;
                    if (self.now)().saturating_sub(began) >= STEADY_MS {
                        backoff.begin_anew();
                    }
                    self.tell(LinkNews::Lost(lost));
                }
                Err(error) => self.tell(LinkNews::Failed(error)),
            }
            tokio::time::sleep(backoff.next((self.random)())).await;
        }
    }

    async fn make(&self) -> Result<(Link, LinkEnd), ConnectError> {
        let (ear, end) = (self.ear)();
        Ok((connect(self.broker.as_ref(), self.keeps_history, ear).await?, end))
    }

    async fn use_up(&self, mut link: Link, mut end: LinkEnd) -> Lost {
        self.outbox.tell_all_again();
        self.tell(LinkNews::Made { most_bytes: link.most_bytes });
        tokio::select! {
            lost = end.wait() => lost,
            lost = self.say_all(&mut link) => lost,
            () = self.let_go.notified() => Lost::new("this node does not hear itself"),
        }
    }

    async fn say_all(&self, link: &mut Link) -> Lost {
        while let Some(command) = self.outbox.next(&self.now).await {
            match link.speaker.say(command).await {
                Ok(()) => {}
                Err(SayError::Lost(lost)) => return lost,
                Err(too_large) => self.tell(LinkNews::TooLarge(too_large)),
            }
        }
        if let Err(lost) = link.speaker.flush().await {
            return lost;
        }
        self.outbox.has_ended();
        std::future::pending().await
    }

    fn tell(&self, news: LinkNews) {
        // Whoever does not listen any more has ended.
        let _ = self.news.send(news);
    }
}
