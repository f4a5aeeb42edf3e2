//! How something that was said is known again: it says who said it, and as which of its things.

use serde_json::Value;

/// A part of what is said. One number has both: the sender's which, times the members, and the sender.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    said: Value,
    members: u32,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// Within a string, behind this: found in whatever the room makes of it.
    Text { before: String },
    /// A number at each of these places, so what it is in has to come back as it was said.
    Numbers { pointers: Vec<String> },
}

/// Who said it, and its which, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) sender: u32,
    pub(super) nth: u32,
}

/// There is none in what is to be said.
#[derive(Debug)]
pub(super) struct NoMark;

const TEXT: &str = "{mark}";
const NUMBER: &str = "{n}";

impl Mark {
    /// `run` tells it from what others say there.
    pub(super) fn within(said: Value, run: &str, members: u32) -> Result<Self, NoMark> {
        let mut pointers = Vec::new();
        number_places(&said, "", &mut pointers);
        let place = if said.to_string().contains(TEXT) {
            Place::Text { before: format!("roomful-load.{run}.") }
        } else if pointers.is_empty() {
            return Err(NoMark);
        } else {
            Place::Numbers { pointers }
        };
        Ok(Self { said, members, place })
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.place, Place::Numbers { .. })
    }

    /// What is said, as JSON.
    pub(super) fn write(&self, said: Said) -> String {
        let number = u64::from(said.nth) * u64::from(self.members) + u64::from(said.sender);
        match &self.place {
            Place::Text { before } => self.said.to_string().replace(TEXT, &format!("{before}{number}.")),
            Place::Numbers { pointers } => {
                let mut value = self.said.clone();
                for pointer in pointers {
                    if let Some(place) = value.pointer_mut(pointer) {
                        *place = number.into();
                    }
                }
                value.to_string()
            }
        }
    }

    /// Whose it is, in what came; nothing for what this run did not say.
    pub(super) fn read(&self, came: &str) -> Option<Said> {
        match &self.place {
            Place::Text { before } => {
                let (_, behind) = came.split_once(before.as_str())?;
                self.said(behind.split_once('.')?.0.parse().ok()?)
            }
            Place::Numbers { pointers } => {
                let value: Value = serde_json::from_str(came).ok()?;
                let mut found = pointers.iter().map(|pointer| whole(value.pointer(pointer)?));
                let first = found.next()??;
                // Somebody else's has not the same everywhere.
                found.all(|other| other == Some(first)).then(|| self.said(first))?
            }
        }
    }

    fn said(&self, number: u64) -> Option<Said> {
        let members = u64::from(self.members);
        let nth = u32::try_from(number / members).ok().filter(|nth| *nth > 0)?;
        Some(Said { sender: u32::try_from(number % members).ok()?, nth })
    }
}

/// A room whose type has fractions says a whole number as one.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number))
            .map(|number| number as u64)
    })
}

fn number_places(value: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        Value::String(text) if text == NUMBER => pointers.push(at.to_owned()),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                number_places(value, &format!("{at}/{index}"), pointers);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                number_places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), pointers);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json_of(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_text_is_found_in_whatever_was_made_of_it() {
        let mark = Mark::within(json!({ "to": "all", "text": "hello {mark}!" }), "ab", 500).unwrap();
        let said = Said { sender: 499, nth: 3 };
        let text = mark.write(said);
        assert_eq!(json_of(&text), json!({ "text": "hello roomful-load.ab.1999.!", "to": "all" }));
        assert_eq!(mark.read(&format!(r#"{{"by":"ann","line":{text}}}"#)), Some(said));
        for other in ["", "roomful-load.cd.1999.", "roomful-load.ab.x.", "roomful-load.ab.1999", "roomful-load.ab.499."]
        {
            assert_eq!(mark.read(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_found_at_their_places_as_fractions_too_and_nobody_elses_are() {
        let mark = Mark::within(json!({ "a/b": ["{n}", 0], "y": "{n}", "name": "load" }), "ab", 7).unwrap();
        let said = Said { sender: 2, nth: 1 };
        assert_eq!(json_of(&mark.write(said)), json!({ "a/b": [9, 0], "name": "load", "y": 9 }));
        assert_eq!(mark.read(r#"{"y":9.0,"a/b":[9,1],"name":"x"}"#), Some(said));
        for other in [r#"{"y":9,"a/b":[10]}"#, r#"{"y":9}"#, r#"{"y":9.5,"a/b":[9.5]}"#, "null", r#"{"y":2,"a/b":[2]}"#]
        {
            assert_eq!(mark.read(other), None, "{other}");
        }
        assert!(Mark::within(json!({ "x": "n" }), "ab", 7).is_err());
    }
}
