//! The derive behind roomful channels.
