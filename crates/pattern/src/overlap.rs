//! Whether two patterns can make one topic.

use crate::encode;
use crate::segment::Segment;

/// Exact, not a guess: every param has a name of its own and takes any value, so two patterns meet where one can be laid
/// over the other segment by segment, in one of the at most two shapes that each has.
pub(crate) fn overlaps(left: &[Segment], right: &[Segment]) -> bool {
    let right = shapes(right);
    shapes(left).iter().any(|left| right.iter().any(|right| same_shape(left, right)))
}

/// What a pattern's topics look like: with its optional segment, and without it.
fn shapes(segments: &[Segment]) -> Vec<Vec<Slot<'_>>> {
    let mut shapes = vec![segments.iter().map(Slot::of).collect()];
    let is_droppable = |segment: &Segment| matches!(segment, Segment::Param(param) if !param.kind.must_have_value());
    if let Some(dropped) = segments.iter().position(is_droppable) {
        let rest = segments[..dropped].iter().chain(&segments[dropped + 1..]);
        let mut shape: Vec<Slot<'_>> = rest.map(Slot::of).collect();
        // No segments and one empty segment are the same text.
        if shape.is_empty() {
            shape.push(Slot::Literal(""));
        }
        shapes.push(shape);
    }
    shapes
}

/// A segment of a shape. A value here is never an empty one: that is the shape without the segment.
enum Slot<'a> {
    Literal(&'a str),
    Value,
}

impl<'a> Slot<'a> {
    fn of(segment: &'a Segment) -> Self {
        match segment {
            Segment::Literal(text) => Self::Literal(text),
            Segment::Param(_) => Self::Value,
        }
    }
}

fn same_shape(left: &[Slot<'_>], right: &[Slot<'_>]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Slot::Literal(left), Slot::Literal(right)) => left == right,
            (Slot::Literal(text), Slot::Value) | (Slot::Value, Slot::Literal(text)) => encode::is_component(text),
            (Slot::Value, Slot::Value) => true,
        })
}
