//! Roomful rooms on axum.
