//! Every mistake in the definition of a channel or a socket, and what the compiler then says and where.
//!
//! After a change of the words: `TRYBUILD=overwrite cargo test -p roomful --test derive_errors`, and read the diff.

#[test]
fn mistakes_are_shown_at_the_word_that_is_wrong() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
