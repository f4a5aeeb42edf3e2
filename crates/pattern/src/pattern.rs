//! A pattern, and the topics that it makes.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::params::{KeyError, Params};
use crate::parse::{self, PatternError};
use crate::segment::{Param, Segment};
use crate::{encode, overlap};

/// A channel pattern that follows the grammar.
///
/// ```
/// use roomful_pattern::{Params, Pattern};
///
/// let pattern = Pattern::parse("board/:boardId/:view?")?;
/// let topic = pattern.topic(&Params::from_iter([("boardId", "a/b")]))?;
/// assert_eq!(topic.as_str(), "board/a%2Fb");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    source: Arc<str>,
    segments: Arc<[Segment]>,
}

impl Pattern {
    /// Reads `source`.
    ///
    /// # Errors
    ///
    /// When it breaks the grammar; the error names the segment and what to write instead.
    ///
    /// ```
    /// use roomful_pattern::Pattern;
    ///
    /// assert!(Pattern::parse("notifications:user-alerts").is_ok());
    /// let error = Pattern::parse("board:id").unwrap_err();
    /// assert!(error.to_string().contains("`board/:id`"));
    /// ```
    pub fn parse(source: &str) -> Result<Self, PatternError> {
        Ok(Self { source: source.into(), segments: parse::segments(source)?.into() })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The params, as they stand from left to right.
    pub fn params(&self) -> impl Iterator<Item = &Param> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Param(param) => Some(param),
        })
    }

    /// The topic of the room with this key. Each value is encoded as JavaScript's `encodeURIComponent` does, so no value
    /// can reach into another segment. Params that the pattern does not have are not looked at.
    ///
    /// Two keys have one topic only when they differ in nothing but an absent and an empty optional param.
    ///
    /// # Errors
    ///
    /// When a param that must have a value has none, or an empty one.
    pub fn topic(&self, params: &Params) -> Result<Topic, KeyError> {
        let mut parts: Vec<Cow<'_, str>> = Vec::with_capacity(self.segments.len());
        for segment in &*self.segments {
            match segment {
                Segment::Literal(text) => parts.push(Cow::Borrowed(text)),
                Segment::Param(param) if param.kind.must_have_value() => {
                    parts.push(encode::component(params.require(&param.name)?));
                }
                Segment::Param(param) => {
                    parts.extend(params.get(&param.name).filter(|value| !value.is_empty()).map(encode::component));
                }
            }
        }
        Ok(Topic(parts.join("/").into()))
    }

    /// The key whose [`topic`](Pattern::topic) this is: a param that has no value is absent. `None` for every other text.
    ///
    /// ```
    /// use roomful_pattern::{Params, Pattern};
    ///
    /// let pattern = Pattern::parse("board/:boardId")?;
    /// assert_eq!(pattern.params_of("board/a%2Fb"), Some(Params::from_iter([("boardId", "a/b")])));
    /// assert_eq!(pattern.params_of("chat/a"), None);
    /// # Ok::<(), roomful_pattern::PatternError>(())
    /// ```
    #[must_use]
    pub fn params_of(&self, topic: &str) -> Option<Params> {
        // An empty topic is either one empty literal, or what is left of a pattern whose only param is missing.
        let has_literal = self.segments.iter().any(|segment| matches!(segment, Segment::Literal(_)));
        let texts: Vec<_> = if topic.is_empty() && !has_literal { Vec::new() } else { topic.split('/').collect() };
        // There is one at most that may be missing.
        let may_be_missing =
            |segment: &Segment| matches!(segment, Segment::Param(param) if !param.kind.must_have_value());
        let missing = match self.segments.len().checked_sub(texts.len())? {
            0 => None,
            1 => Some(self.segments.iter().position(may_be_missing)?),
            _ => return None,
        };
        let present = self.segments.iter().enumerate().filter(|(at, _)| Some(*at) != missing);
        let mut params = Vec::new();
        for ((_, segment), text) in present.zip(texts) {
            match segment {
                Segment::Literal(literal) if **literal == *text => {}
                Segment::Literal(_) => return None,
                Segment::Param(param) => params.push((param.shared_name(), encode::value(text)?.into_boxed_str())),
            }
        }
        Some(Params::from_unique(params))
    }

    /// Whether a key of this pattern and a key of the other could ever have one topic, and so share a room.
    ///
    /// ```
    /// use roomful_pattern::Pattern;
    ///
    /// let board = Pattern::parse("board/:id")?;
    /// assert!(board.overlaps(&Pattern::parse("board/lobby")?));
    /// assert!(!board.overlaps(&Pattern::parse("chat/:id")?));
    /// # Ok::<(), roomful_pattern::PatternError>(())
    /// ```
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap::overlaps(&self.segments, &other.segments)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(source: &str) -> Result<Self, PatternError> {
        Self::parse(source)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// The name of one room: what everybody who is in it has in common. Only [`Pattern::topic`] makes one, so that a client
/// can choose among a channel's rooms but never leave the channel. A clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What those who listen to this topic have in common where a room has the topic itself: of one key the two never meet. No pattern
    /// makes it, because a literal may not begin with a colon, and of a param it is escaped.
    #[must_use]
    pub fn of_listeners(&self) -> Self {
        Self(format!(":heard/{}", self.0).into())
    }
}

/// It is hashed and compared as its text is.
impl Borrow<str> for Topic {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
