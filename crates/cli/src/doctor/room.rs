//! Whether a room can be joined, held on to and come back to.

use std::io;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::examined::Examined;
use crate::client::{Closing, Greeting, Line, NotOpened};

/// How long a server may take to say its first word, guards and all, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to be idle where the server names no heartbeat: what most proxies wait.
const IDLE: Duration = Duration::from_secs(65);

/// Whether a close code gets through: a room that there is nowhere.
pub(super) async fn unknown(examined: &mut Examined) -> io::Result<()> {
    let there = examined.door.clone();
    examined.door.address = there.address.elsewhere();
    let line = examined.line(None).await;
    examined.door = there;
    let closing = match line {
        Ok(mut line) => match timeout(PATIENCE, line.next()).await {
            Ok(Err(closing)) => closing,
            Ok(Ok(_)) => {
                return examined.report.fault(
                    "close codes",
                    "a room that is not there says something: this is no Roomful server",
                    "see the address",
                );
            }
            Err(_) => Closing::lost("nothing came"),
        },
        Err(error) => return examined.report.fault("close codes", &error, error.remedy()),
    };
    if closing.code == 4403 {
        return examined.report.ok("close codes", format_args!("a room that is not there is closed {closing}"));
    }
    examined.report.fault(
        "close codes",
        format_args!("a room that is not there has to be closed 4403, and the end was {closing}"),
        "what stands before the server cuts connections in place of passing their close frames on: clients try again for ever where they \
         should not. Have it pass all bytes on",
    )
}

/// Joins, and has a ping answered.
pub(super) async fn join(examined: &mut Examined) -> io::Result<Option<Greeting>> {
    if !examined.door.address.has_room() {
        examined.report.note("room", "none was named: with --room and --key it is joined, left and come back to")?;
        return Ok(None);
    }
    let (mut line, greeting) = match greeted(examined, None).await {
        Ok(greeted) => greeted,
        Err((said, remedy)) => {
            examined.report.fault("room", said, remedy)?;
            return Ok(None);
        }
    };
    let what = match greeting.kind.as_str() {
        "snapshot" => format!("joined, with {} here", greeting.members),
        "feed" => "a feed or a live value: it is listened to".to_owned(),
        _ => "a typed socket: it is open".to_owned(),
    };
    examined.report.ok("room", what)?;
    if line.is_v1 {
        alive(examined, &mut line, "alive").await?;
    }
    line.leave().await;
    Ok(Some(greeting))
}

/// Whether a ping of the client's is answered.
async fn alive(examined: &mut Examined, line: &mut Line, check: &'static str) -> io::Result<()> {
    let began = Instant::now();
    match timeout(PATIENCE, line.ping()).await {
        Ok(Ok(())) => {
            examined.report.ok(check, format_args!("a ping is answered in {} ms", began.elapsed().as_millis()))
        }
        Ok(Err(closing)) => examined.report.fault(check, format_args!("the connection ended: {closing}"), CUT),
        Err(_) => examined.report.fault(check, "a ping is not answered", CUT),
    }
}

const CUT: &str = "see what stands before the server, and the server's log";

/// Whether who loses the connection is the same member afterwards.
pub(super) async fn come_back(examined: &mut Examined, before: &Greeting) -> io::Result<()> {
    if examined.door.is_plain || before.kind == "open" {
        return Ok(());
    }
    let lost = match greeted(examined, None).await {
        Ok((line, greeting)) => {
            // Without a close frame, as a network does it.
            drop(line);
            greeting
        }
        Err((said, remedy)) => return examined.report.fault("coming back", said, remedy),
    };
    let Some(offer) = &lost.offer else {
        return examined
            .report
            .note("coming back", "the room has no sessions (`Limits::grace_ms` is 0): who comes back is new");
    };
    match greeted(examined, Some(offer.clone())).await {
        Ok((line, back)) => {
            line.leave().await;
            judge_return(examined, &lost, &back)
        }
        Err((said, remedy)) => examined.report.fault("coming back", said, remedy),
    }
}

fn judge_return(examined: &mut Examined, lost: &Greeting, back: &Greeting) -> io::Result<()> {
    if back.own != lost.own {
        return examined.report.fault(
            "coming back",
            "who loses the connection and comes back is another member",
            "the second connection came to a process that knows nothing of the first: make the processes one cluster (`Cluster`), or give them \
             one `Rooms::secret`; one alone must not have restarted in between",
        );
    }
    if back.resumed != Some(true) {
        return examined.report.warn(
            "coming back",
            "the same member, but what it missed is not known",
            "see `Limits::log_frames` and `log_bytes`; in a cluster see that the node that had the member is reached",
        );
    }
    examined.report.ok("coming back", "the same member, and what it missed would follow")
}

/// Whether the client's close frame is answered.
pub(super) async fn leave(examined: &mut Examined) -> io::Result<()> {
    let line = match greeted(examined, None).await {
        Ok((line, _)) => line,
        Err((said, remedy)) => return examined.report.fault("leaving", said, remedy),
    };
    let closing = line.leave().await;
    if closing.code == 1000 {
        return examined.report.ok("leaving", "a close frame is answered");
    }
    examined.report.warn(
        "leaving",
        format_args!("the client closed 1000, and the end was {closing}"),
        "have what stands before the server pass close frames on: who leaves is away for the grace otherwise",
    )
}

/// Whether a connection stands on which the client says nothing.
pub(super) async fn idle(examined: &mut Examined, greeting: &Greeting) -> io::Result<()> {
    let beyond_heartbeat = || greeting.heartbeat.map_or(IDLE, |heartbeat| heartbeat.mul_f64(1.2));
    let idle = examined.idle.unwrap_or_else(beyond_heartbeat);
    if idle.is_zero() {
        return examined.report.note("idle", "not tried");
    }
    let mut line = match greeted(examined, None).await {
        Ok((line, _)) => line.without_pings(),
        Err((said, remedy)) => return examined.report.fault("idle", said, remedy),
    };
    examined.report.waiting(format_args!("{:.0} s without a word", idle.as_secs_f64()));
    let began = Instant::now();
    let ended = async {
        loop {
            if let Err(closing) = line.next().await {
                return closing;
            }
        }
    };
    match timeout(idle, ended).await {
        Ok(closing) => examined.report.fault(
            "idle",
            format_args!("a connection on which the client says nothing ended after {:.1} s: {closing}", began.elapsed().as_secs_f64()),
            "what stands before the server ends idle connections sooner than the server's heartbeat comes: give it longer (nginx: \
             `proxy_read_timeout` and `proxy_send_timeout`), or have a shorter `Limits::heartbeat_ms`",
        ),
        Err(_) if line.is_v1 => {
            alive(examined, &mut line, "idle").await?;
            line.leave().await;
            Ok(())
        }
        Err(_) => {
            line.leave().await;
            examined.report.ok("idle", format_args!("a connection stands for {:.0} s without a word", idle.as_secs_f64()))
        }
    }
}

/// A connection whose first frame has come, or what is wrong and what to do.
async fn greeted(examined: &Examined, session: Option<String>) -> Result<(Line, Greeting), (String, String)> {
    let said = |error: NotOpened| (error.to_string(), error.remedy().to_owned());
    let mut line = examined.line(session).await.map_err(said)?;
    let first = timeout(PATIENCE, line.next()).await.map_err(|_| {
        let remedy = "see the room's guards and `data`: they have to end; and that what stands before the server passes frames on as they come";
        ("nothing is said within 10 s".to_owned(), remedy.to_owned())
    })?;
    let first =
        first.map_err(|closing| (format!("the connection was closed: {closing}"), closing.remedy().to_owned()))?;
    let greeting = Greeting::read(&first).ok_or_else(|| {
        ("the first frame is none of Roomful's".to_owned(), "see the address: something else answers there".to_owned())
    })?;
    Ok((line, greeting))
}
