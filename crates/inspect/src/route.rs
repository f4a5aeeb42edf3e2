//! What a request is for.

use http::Method;

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Page,
    Summary,
    Rooms,
    Room,
    Connections,
    Tap,
    OpenTap,
    CloseTap,
    Kick,
    Close,
}

const ROUTES: &[(&str, Method, Route)] = &[
    ("", Method::GET, Route::Page),
    ("/", Method::GET, Route::Page),
    ("/api/summary", Method::GET, Route::Summary),
    ("/api/rooms", Method::GET, Route::Rooms),
    ("/api/room", Method::GET, Route::Room),
    ("/api/connections", Method::GET, Route::Connections),
    ("/api/tap", Method::GET, Route::Tap),
    ("/api/tap/open", Method::POST, Route::OpenTap),
    ("/api/tap/close", Method::POST, Route::CloseTap),
    ("/api/kick", Method::POST, Route::Kick),
    ("/api/close", Method::POST, Route::Close),
];

/// Why nothing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    Unknown,
    /// There is such a path, with this method alone.
    Method(&'static Method),
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let (_, allowed, route) = ROUTES.iter().find(|(own, ..)| *own == path).ok_or(NoRoute::Unknown)?;
        if method == allowed { Ok(*route) } else { Err(NoRoute::Method(allowed)) }
    }

    /// Whether it changes something.
    pub(crate) fn is_action(self) -> bool {
        matches!(self, Self::OpenTap | Self::CloseTap | Self::Kick | Self::Close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_something_is_a_post_and_nothing_else_is() {
        for (path, method, route) in ROUTES {
            assert_eq!(route.is_action(), *method == Method::POST, "{path}");
            assert_eq!(Route::of(method, path), Ok(*route));
            for other in [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
                let expected = if other == *method { Ok(*route) } else { Err(NoRoute::Method(method)) };
                assert_eq!(Route::of(&other, path), expected, "{other} {path}");
            }
        }
        for path in ["/api", "/api/", "/api/rooms/", "//", "/index.html", "/api/../api/kick"] {
            assert_eq!(Route::of(&Method::GET, path), Err(NoRoute::Unknown), "{path}");
        }
    }
}
