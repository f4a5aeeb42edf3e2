//! A run, from the first who joins to the last who leaves.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use super::asked::Pattern;
use super::deliveries::Deliveries;
use super::member::{Member, Out, Stage};
use super::plan::Plan;
use super::report::{Delivered, Report};
use super::tally::Tally;
use super::view::View;
use crate::client::{Client, Connector};
use crate::door::Door;
use crate::failure::Failure;
use crate::signal;

/// How long members may take to join; who is not in by then is counted as not joined.
const JOINING: Duration = Duration::from_secs(60);

/// Between two that join: a listener's queue has room for some hundred.
const APART: Duration = Duration::from_millis(2);

/// How often to look whether what is waited for is so.
const LOOK: Duration = Duration::from_millis(50);

/// When nothing has come for so long to members that are all in, nothing will.
const SETTLED: Duration = Duration::from_secs(2);

/// How long those are waited for who have lost their connection.
const RETURNING: Duration = Duration::from_secs(60);

struct Run {
    plan: Arc<Plan>,
    tally: Arc<Tally>,
    observers: Vec<(u32, Arc<Mutex<Deliveries>>)>,
    stage: watch::Sender<Stage>,
    members: JoinSet<()>,
    view: View,
}

pub(super) async fn run(plan: &Plan, doors: Vec<Door>) -> Result<Report, Failure> {
    let mut run = Run {
        plan: Arc::new(plan.clone()),
        tally: Arc::new(Tally::new(plan.members)?),
        observers: Vec::new(),
        stage: watch::Sender::new(Stage::Join),
        members: JoinSet::new(),
        view: View::new(plan),
    };
    let address = doors[0].address.to_string();
    let spoke = tokio::select! {
        spoke = run.go(&doors) => spoke?,
        interrupted = signal::interrupted() => {
            interrupted.map_err(|error| Failure::output(&error))?;
            return Err(Failure::new("it was interrupted", "let it run to its end for a report"));
        }
    };
    let report = run.report(address, spoke);
    run.leave().await;
    report
}

impl Run {
    /// For how long they spoke.
    async fn go(&mut self, doors: &[Door]) -> Result<Duration, Failure> {
        self.join(doors).await?;
        let began = Instant::now();
        self.tell(Stage::Speak(began));
        self.watch(|_| began.elapsed() >= self.plan.duration).await?;
        let spoke = began.elapsed();
        self.tell(Stage::Listen);
        self.settle().await?;
        Ok(spoke)
    }

    async fn join(&mut self, doors: &[Door]) -> Result<(), Failure> {
        let connector = Connector::default();
        let began = Instant::now();
        for (number, door) in (0..self.plan.members).zip(doors.iter().cycle()) {
            let deliveries = self.plan.observes(number).then(Arc::<Mutex<Deliveries>>::default);
            self.observers.extend(deliveries.clone().map(|deliveries| (number, deliveries)));
            let member = Member {
                number,
                plan: self.plan.clone(),
                tally: self.tally.clone(),
                deliveries,
                client: Client::new(door.clone(), connector.clone()),
                is_in: false,
                was_in: false,
                out: Out::default(),
            };
            self.members.spawn(member.run(self.stage.subscribe()));
            if number % 16 == 15 {
                sleep(APART * 16).await;
            }
        }
        let all = self.plan.members;
        let are_settled =
            |tally: &Tally| tally.open.load(Ordering::Relaxed) + tally.over.load(Ordering::Relaxed) >= all;
        self.watch(|tally| are_settled(tally) || began.elapsed() > JOINING).await?;
        if self.tally.joined.load(Ordering::Relaxed) == 0 {
            let why: Vec<_> = self.tally.errors().into_keys().collect();
            return Err(Failure::new(
                format_args!("nobody got into the room: {}", why.join(", ")),
                "`roomful doctor` with the same arguments says what is wrong",
            ));
        }
        Ok(())
    }

    /// Until everything has come, or nothing does any more.
    async fn settle(&self) -> Result<(), Failure> {
        let (mut seen, mut since) = (self.came(), Instant::now());
        let began = since;
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            self.view.show(&self.tally)?;
            let came = self.came();
            if came != seen || (self.is_somebody_away() && began.elapsed() < RETURNING) {
                (seen, since) = (came, Instant::now());
            }
            if since.elapsed() > SETTLED || self.delivered().missing() == 0 {
                return Ok(());
            }
        }
    }

    fn is_somebody_away(&self) -> bool {
        let load = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        load(&self.tally.open) + load(&self.tally.over) < load(&self.tally.joined)
    }

    fn came(&self) -> u64 {
        self.tally.frames.load(Ordering::Relaxed)
    }

    async fn watch(&self, is_done: impl Fn(&Tally) -> bool) -> Result<(), Failure> {
        let mut look = interval(LOOK);
        while !is_done(&self.tally) {
            look.tick().await;
            self.view.show(&self.tally)?;
        }
        Ok(())
    }

    fn tell(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    fn delivered(&self) -> Delivered {
        let mut sum = Delivered::default();
        for (observer, deliveries) in &self.observers {
            let deliveries = deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            sum.expected += self.tally.expected(*observer);
            sum.came += deliveries.came;
            sum.doubled += deliveries.doubled;
            sum.reordered += deliveries.reordered;
            match self.plan.pattern {
                Pattern::Cursors => sum.stale += self.tally.stale(*observer, &deliveries),
                Pattern::Chat | Pattern::Broadcast => sum.lost += self.tally.lost(*observer, &deliveries),
            }
        }
        sum
    }

    fn report(&self, address: String, spoke: Duration) -> Result<Report, Failure> {
        Report::new(address, &self.plan, &self.tally, self.delivered(), spoke)
    }

    async fn leave(mut self) {
        self.view.end();
        self.tell(Stage::Leave);
        while self.members.join_next().await.is_some() {}
    }
}
