//! Where the bigints are in what a client reads. The generated file has it as data, by which the client makes them of digits.

mod holding;
mod literal;
mod mixed;
mod plan;

pub(super) use holding::Holding;
pub(super) use literal::Literal;
pub(super) use plan::{Plan, Planner};
