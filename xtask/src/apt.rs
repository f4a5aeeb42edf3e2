//! Packages of Debian's, installed where that can be done without asking anybody.

use std::fs::File;

use crate::command::{self, Failure};
use crate::repo::Repo;

/// Held while packages are installed.
const LOCK: &str = "target/apt.lock";

/// Installs the packages. `what` is missing without them; `remedy` says how to come by it where this cannot.
pub(crate) fn install(repo: &Repo, packages: &[&str], what: &str, remedy: &str) -> Result<(), Failure> {
    let has = |program: &str| command::probe(&mut repo.program(program, ".", ["--version"])).is_some();
    if !has("apt-get") {
        return Err(Failure::new(format!("there is no {what} and no apt-get"), remedy));
    }
    let is_root = command::probe(&mut repo.program("id", ".", ["-u"])).as_deref() == Some("0");
    if !is_root && !has("sudo") {
        return Err(Failure::new(format!("there is no {what}, and installing it needs root or sudo"), remedy));
    }
    // sudo drops the variables it is given, so `env` sets this one behind it.
    let quiet_apt_get = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let sudo: &[&str] = if is_root { &[] } else { &["sudo"] };
    // Of two steps at once one waits for the other here, and not in apt, which would give up.
    let alone = File::create(repo.path(LOCK)).and_then(|file| file.lock().map(|()| file));
    let _alone = alone.map_err(|error| Failure::new(format!("{LOCK} cannot be locked: {error}"), remedy))?;
    for args in [&["update"], &[&["install", "-y"], packages].concat()[..]] {
        let words = [sudo, &quiet_apt_get, args].concat();
        let (program, args) = words.split_first().unwrap_or((&"env", &[]));
        command::run(&mut repo.program(program, ".", args.iter().copied()), remedy)?;
    }
    Ok(())
}
