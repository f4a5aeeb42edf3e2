//! What only a server of several nodes can show: how soon all of them know of somebody, and of somebody's end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::Trial;
use crate::failure::Failure;
use crate::figures::{Figures, Latency};
use crate::tally::histogram;

/// How long all may take to know of one more, or of those who are gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a node may take to say what it has counted.
const ASK_WITHIN: Duration = Duration::from_secs(20);
/// How long what came is waited for before it is looked at again.
const LOOK: Duration = Duration::from_micros(200);

impl Trial {
    /// All but the last `newcomers` are in; those come in one after the other. How long it takes until each who is at the same node
    /// knows of one, and until each elsewhere does.
    ///
    /// # Errors
    ///
    /// When a roster stays wrong.
    pub fn arrivals(&mut self, newcomers: usize) -> Result<Figures, Failure> {
        let names = self.layout.room_names();
        let first = names.len().saturating_sub(newcomers);
        let (there, coming) = names.split_at(first);
        self.fleet.open(&self.server.addresses, there, self.layout.offer, &mut self.tally)?;
        self.await_knowing(0..first, 0..first)?;
        let (mut here, mut elsewhere) = (histogram(), histogram());
        let reading = self.begin_slot()?;
        for (at, name) in coming.iter().enumerate() {
            let newcomer = first + at;
            let began = Instant::now();
            self.fleet.open(&self.server.addresses, std::slice::from_ref(name), self.layout.offer, &mut self.tally)?;
            self.time_arrival(newcomer, began, [&mut here, &mut elsewhere])?;
        }
        let figures = self.end_slot(&reading, newcomers as u64, 0)?;
        Ok(Figures { here: Latency::of(&here), elsewhere: Latency::of(&elsewhere), ..figures })
    }

    fn time_arrival(
        &mut self,
        newcomer: usize,
        began: Instant,
        [here, elsewhere]: [&mut Histogram<u64>; 2],
    ) -> Result<(), Failure> {
        let nodes = self.server.addresses.len();
        let mut waits: Vec<usize> = (0..=newcomer).collect();
        while !waits.is_empty() {
            self.fleet.poll(&mut self.tally, LOOK)?;
            let (tally, took) = (&self.tally, began.elapsed());
            waits.retain(|member| {
                let knows = tally.rosters.as_ref().is_none_or(|rosters| rosters.knows(*member, 0..newcomer + 1));
                if knows {
                    let into = if member % nodes == newcomer % nodes { &mut *here } else { &mut *elsewhere };
                    into.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
                }
                !knows
            });
            if took > PATIENCE {
                return Err(Failure::Violation(format!("{} do not know of one who came", waits.len())));
            }
        }
        Ok(())
    }

    /// Kills the last node, as a machine that loses its power. How long it takes until nobody at another knows its members.
    ///
    /// # Errors
    ///
    /// When they stay.
    pub fn ghosts(&mut self) -> Result<Figures, Failure> {
        let nodes = self.server.addresses.len();
        let everybody = 0..self.layout.connections();
        let (gone, left): (Vec<usize>, Vec<usize>) = everybody.partition(|member| member % nodes == nodes - 1);
        let reading = self.begin_slot()?;
        for member in gone {
            self.fleet.cut(member..member + 1)?;
        }
        let began = Instant::now();
        self.server.kill_last()?;
        while !left.iter().all(|member| self.knows_those(*member, &left)) {
            self.fleet.poll(&mut self.tally, Duration::from_millis(1))?;
            if began.elapsed() > PATIENCE {
                return Err(Failure::Violation("the members of a node that was killed are still there".to_owned()));
            }
        }
        let ready_seconds = Some(began.elapsed().as_secs_f64());
        Ok(Figures { ready_seconds, ..self.end_slot(&reading, 0, 0)? })
    }

    /// Watches nodes in whose rooms nothing happens: what each of them says to the others.
    ///
    /// # Errors
    ///
    /// When a node has ended.
    pub fn idle_nodes(&mut self, length: Duration) -> Result<Figures, Failure> {
        self.fill()?;
        let reading = self.begin_slot()?;
        let before = self.said_bytes()?;
        let until = Instant::now() + length;
        while Instant::now() < until {
            self.fleet.poll(&mut self.tally, Duration::from_millis(100))?;
        }
        let said = self.said_bytes()?.saturating_sub(before);
        let figures = self.end_slot(&reading, 0, 0)?;
        let nodes = self.server.addresses.len();
        Ok(Figures { said_bytes: Some(said as f64 / nodes as f64), ..figures })
    }

    fn said_bytes(&self) -> Result<u64, Failure> {
        self.server.addresses.iter().map(|address| said_by(*address)).sum()
    }

    fn knows_those(&self, member: usize, those: &[usize]) -> bool {
        self.tally.rosters.as_ref().is_none_or(|rosters| rosters.knows(member, those.iter().copied()))
    }

    fn await_knowing(&mut self, members: Range<usize>, those: Range<usize>) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        let all_know = |trial: &Self| {
            let rosters = trial.tally.rosters.as_ref();
            members.clone().all(|member| rosters.is_none_or(|rosters| rosters.knows(member, those.clone())))
        };
        while !all_know(self) {
            if Instant::now() > until {
                return Err(Failure::Violation("rosters are wrong, and nobody comes or goes".to_owned()));
            }
            self.fleet.poll(&mut self.tally, Duration::from_millis(5))?;
        }
        Ok(())
    }
}

/// What a node of ours has counted of what it said to the broker.
fn said_by(address: SocketAddr) -> Result<u64, Failure> {
    const COUNTED: &str = "roomful_cluster_published_bytes_total ";
    let doing = Failure::io(format!("what {address} has said"));
    let answer = metrics_of(address).map_err(doing)?;
    let counted = answer.lines().find_map(|line| line.strip_prefix(COUNTED)?.trim().parse().ok());
    counted.ok_or_else(|| Failure::Violation(format!("{address} does not count what it says to the broker")))
}

fn metrics_of(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ASK_WITHIN))?;
    stream.write_all(format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
