//! What is asked for, once it is known to make sense.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::asked::{LoadArgs, Pattern};
use super::mark::{Mark, NoMark};

use crate::failure::Failure;

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) pattern: Pattern,
    pub(super) members: u32,
    pub(super) rate: f64,
    pub(super) duration: Duration,
    pub(super) mark: Mark,
    pub(super) observers: u32,
    pub(super) is_plain: bool,
}

/// Beyond that a member would only measure itself.
const MOST: f64 = 10_000.0;

/// Numbers are found by parsing what everybody gets; so many receivers tell of all.
const OBSERVERS: u32 = 64;

impl Plan {
    pub(super) fn new(args: &LoadArgs) -> Result<Self, Failure> {
        if !(args.rate > 0.0 && args.rate <= MOST) {
            return Err(Failure::new(
                format_args!("--rate {} is none", args.rate),
                format_args!("give a number above 0, up to {MOST}"),
            ));
        }
        let said = match &args.say {
            Some(said) => serde_json::from_str(said).map_err(|error| {
                Failure::new(
                    format_args!("--say is no JSON: {error}"),
                    "give JSON, a string of it in quotes: `--say '\"{mark}\"'`",
                )
            })?,
            None => default_of(args.pattern),
        };
        let run = format!("{:08x}", Uuid::new_v4().as_fields().0);
        let mark = Mark::within(said, &run, args.members).map_err(|NoMark| {
            Failure::new(
                "--say has no mark, so nothing of it could be found again",
                "write {mark} within a string, as `--say '{\"text\":\"{mark}\"}'`, or \"{n}\" in the place of numbers, as `--say \
                 '{\"x\":\"{n}\",\"y\":\"{n}\"}'`",
            )
        })?;
        let checked = args.observers.unwrap_or(if mark.is_number() { OBSERVERS } else { args.members });
        Ok(Self {
            pattern: args.pattern,
            members: args.members,
            rate: args.rate,
            duration: Duration::from_secs(args.seconds.into()),
            mark,
            observers: checked.clamp(1, args.members),
            is_plain: args.door.plain,
        })
    }

    /// When a member says something: the first time, and how long after that the next; nothing for one that only listens.
    pub(super) fn schedule(&self, member: u32) -> Option<(Duration, Duration)> {
        let period = Duration::from_secs_f64(1.0 / self.rate);
        match self.pattern {
            // Spread, as people are.
            Pattern::Cursors => Some((period.mul_f64(f64::from(member) / f64::from(self.members)), period)),
            Pattern::Chat => Some((period * member, period * self.members)),
            Pattern::Broadcast => (member == 0).then_some((Duration::ZERO, period)),
        }
    }

    /// Observers are spread over the members; one that only speaks is none.
    pub(super) fn observes(&self, member: u32) -> bool {
        let (member, observers) = (u64::from(member), u64::from(self.observers));
        // Of so many equal parts of the members, the last of each.
        (member + 1) * observers / u64::from(self.members) > member * observers / u64::from(self.members)
    }
}

fn default_of(pattern: Pattern) -> Value {
    match pattern {
        Pattern::Cursors => json!({ "x": "{n}", "y": "{n}" }),
        Pattern::Chat | Pattern::Broadcast => json!("{mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pattern: Pattern, observers: u32) -> Plan {
        let mark = Mark::within(default_of(pattern), "r", 10).unwrap();
        Plan { pattern, members: 10, rate: 2.0, duration: Duration::from_secs(1), mark, observers, is_plain: false }
    }

    #[test]
    fn cursors_are_everybodys_a_chat_goes_round_and_a_broadcast_is_ones() {
        let ms = Duration::from_millis;
        let cursors = plan(Pattern::Cursors, 10);
        assert_eq!((cursors.schedule(0), cursors.schedule(5)), (Some((ms(0), ms(500))), Some((ms(250), ms(500)))));
        let chat = plan(Pattern::Chat, 10);
        assert_eq!((chat.schedule(0), chat.schedule(3)), (Some((ms(0), ms(5_000))), Some((ms(1_500), ms(5_000)))));
        let broadcast = plan(Pattern::Broadcast, 10);
        assert_eq!((broadcast.schedule(0), broadcast.schedule(1)), (Some((ms(0), ms(500))), None));
    }

    #[test]
    fn as_many_observe_as_were_asked_for_and_they_are_spread() {
        for observers in 1..=10 {
            let plan = plan(Pattern::Cursors, observers);
            assert_eq!((0..10).filter(|member| plan.observes(*member)).count(), observers as usize);
        }
        let plan = plan(Pattern::Cursors, 2);
        assert_eq!((0..10).filter(|member| plan.observes(*member)).collect::<Vec<_>>(), [4, 9]);
    }
}
