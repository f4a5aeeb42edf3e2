//! Which steps of a run are played.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps(Option<BTreeSet<usize>>);

impl Steps {
    pub(crate) fn all() -> Self {
        Self(None)
    }

    pub(crate) fn these(steps: impl IntoIterator<Item = usize>) -> Self {
        Self(Some(steps.into_iter().collect()))
    }

    pub(crate) fn has(&self, step: usize) -> bool {
        self.0.as_ref().is_none_or(|steps| steps.contains(&step))
    }
}

/// As [`Steps::from_str`] reads it.
impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(steps) = &self.0 else { return f.write_str("all") };
        let mut steps = steps.iter().copied().peekable();
        let mut comma = "";
        while let Some(first) = steps.next() {
            let mut last = first;
            while steps.next_if_eq(&(last + 1)).is_some() {
                last += 1;
            }
            write!(f, "{comma}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            comma = ",";
        }
        Ok(())
    }
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::all());
        }
        let wrong = || format!("steps are numbers and ranges, as `0-4,17`, or `all`, not {text:?}");
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let mut steps = BTreeSet::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('-') {
                Some((first, last)) => steps.extend(number(first)?..=number(last)?),
                None => steps.extend([number(part)?]),
            }
        }
        Ok(Self(Some(steps)))
    }
}

#[test]
fn steps_are_read_as_they_are_written() {
    for (steps, text) in [
        (Steps::all(), "all"),
        (Steps::these([]), ""),
        (Steps::these([3]), "3"),
        (Steps::these([0, 1, 2, 5, 7, 8]), "0-2,5,7-8"),
    ] {
        assert_eq!(steps.to_string(), text);
        assert_eq!(text.parse(), Ok(steps));
    }
    assert!("1-x".parse::<Steps>().is_err_and(|why| why.contains("1-x")));
    let some = Steps::these([1]);
    assert!(some.has(1) && !some.has(2) && Steps::all().has(2));
}
