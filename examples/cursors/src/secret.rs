//! What this server's sessions are sealed with, so that a restart makes nobody another member.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use uuid::Uuid;

/// Where a secret is given.
const VARIABLE: &str = "CURSORS_SECRET";
/// Where none is, and one that was made up is kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/cursors.secret");

/// The secret of `CURSORS_SECRET`. Where there is none, one that is made up once and kept beside what was built, so that the
/// demo needs nothing.
///
/// **A service does the first alone**, and does not start without it: from where its other secrets are kept, the same for all
/// machines that serve these rooms, never in the repository nor in an image. Whoever has it can be any member of any room. With
/// another one everybody is a new member once, and nothing worse happens.
pub(crate) fn secret() -> io::Result<String> {
    match env::var(VARIABLE) {
        Err(env::VarError::NotPresent) => kept_in(Path::new(KEPT)),
        given => given.map_err(io::Error::other),
    }
}

fn kept_in(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => keep_in(path),
        read => read,
    }
}

/// Written apart and then linked, so that of two servers that start at once both have what the first one made.
fn keep_in(path: &Path) -> io::Result<String> {
    let own = path.with_extension(Uuid::new_v4().to_string());
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    for_its_owner_alone().open(&own)?.write_all(made_up().as_bytes())?;
    let linked = fs::hard_link(&own, path);
    fs::remove_file(&own)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(path),
    }
}

fn for_its_owner_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// 244 random bits.
fn made_up() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_was_made_up_is_kept_for_its_owner_and_is_the_same_for_all_who_start_at_once() {
        let folder = env::temp_dir().join(format!("cursors-{}", Uuid::new_v4()));
        let path = folder.join("target/cursors.secret");
        let kept = || kept_in(&path).unwrap();
        let secrets = thread::scope(|scope| {
            let servers: Vec<_> = (0..8).map(|_| scope.spawn(kept)).collect();
            servers.into_iter().map(|server| server.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(secrets[0].len(), 64);
        assert_eq!(secrets, vec![kept(); 8]);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_secret_of_whoever_was_first_counts() {
        let folder = env::temp_dir().join(format!("cursors-{}", Uuid::new_v4()));
        let path = folder.join("cursors.secret");
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, "of the first").unwrap();
        assert_eq!(keep_in(&path).unwrap(), "of the first");
        fs::remove_dir_all(folder).unwrap();
    }
}
