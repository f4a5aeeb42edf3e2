//! What a handler answers when it does not do what was asked: a status, and words for the page.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::passwords::PasswordError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("Sign in first.")]
    NotSignedIn,
    #[error("Only an admin may do this.")]
    NotAdmin,
    #[error("This is not the name and the password of anybody here.")]
    WrongPassword,
    #[error("Too many tries. Try again in a quarter of an hour.")]
    TooManyTries,
    #[error("There is nobody to remove.")]
    Nobody,
    #[error("{0}")]
    Unfit(String),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Password(#[from] PasswordError),
    #[error("{0}")]
    Room(roomful::Error),
}

// Not `#[from]`: an error of Roomful's can be anything's, and is no `std::error::Error` for that.
impl From<roomful::Error> for Failure {
    fn from(error: roomful::Error) -> Self {
        Self::Room(error)
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::NotAdmin => StatusCode::FORBIDDEN,
            Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Self::Nobody => StatusCode::NOT_FOUND,
            Self::Unfit(_) | Self::Password(PasswordError::Unfit) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(_) | Self::Password(_) | Self::Room(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            // What is wrong with the server is for who runs it.
            tracing::error!(error = %self, "a request could not be answered");
            return (status, Json(json!({ "error": "Something went wrong. Try again." }))).into_response();
        }
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}
