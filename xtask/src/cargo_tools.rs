//! Programs from crates.io that are needed at one exact version, each built once for a machine.
//!
//! They stand outside the repository, so that the next clone finds them, and not in `~/.cargo/bin`, where another
//! project's version would take their place.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Failure};
use crate::repo::Repo;

/// A program, and the version of it that is needed.
pub(crate) struct CargoTool {
    /// The crate that has it.
    pub(crate) package: &'static str,
    pub(crate) program: &'static str,
    pub(crate) version: String,
    /// What its build leaves out or adds.
    pub(crate) features: &'static [&'static str],
}

impl CargoTool {
    /// Where the program is, once it is installed.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        Ok(self.path_in(&cache()?))
    }

    fn path_in(&self, cache: &Path) -> PathBuf {
        let program = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        self.directory_in(cache).join("bin").join(program)
    }

    fn directory_in(&self, cache: &Path) -> PathBuf {
        cache.join(format!("{}-{}", self.package, self.version))
    }

    /// Whether it starts, and says that it is the version needed.
    fn is_installed_in(&self, cache: &Path) -> bool {
        command::probe(Command::new(self.path_in(cache)).arg("--version"))
            .is_some_and(|said| said.split_whitespace().last().is_some_and(|version| self.is_version(version)))
    }

    /// `1.2.3`, or `v1.2.3` as some say it.
    fn is_version(&self, said: &str) -> bool {
        said.strip_prefix('v').unwrap_or(said) == self.version
    }
}

/// Whether none of the tools is missing.
pub(crate) fn are_installed(tools: &[CargoTool]) -> Result<bool, Failure> {
    let cache = cache()?;
    Ok(tools.iter().all(|tool| tool.is_installed_in(&cache)))
}

/// Installs those of the tools that are missing. `remedy` says what they cannot be built without.
pub(crate) fn install(repo: &Repo, tools: &[CargoTool], remedy: &str) -> Result<(), Failure> {
    let cache = cache()?;
    fs::create_dir_all(&cache).map_err(|error| cache_failure(&cache, &error))?;
    // Two that install at once would fill one folder: the second waits, and finds all done.
    let lock = cache.join("lock");
    let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file)).map_err(|e| cache_failure(&lock, &e))?;

    let build = cache.join("build");
    for tool in tools {
        if tool.is_installed_in(&cache) {
            println!("  {} {} is in {}", tool.program, tool.version, cache.display());
        } else {
            println!("  {} is compiled once for this machine; that takes a few minutes", tool.program);
            install_one(repo, tool, &cache, &build, remedy)?;
        }
    }
    // What the tools share is compiled for all of them once, and of no use after.
    remove(&build)?;
    drop(lock);
    Ok(())
}

/// It is installed beside its place, and moved there when it is whole: an interruption leaves nothing that looks
/// finished.
fn install_one(repo: &Repo, tool: &CargoTool, cache: &Path, build: &Path, remedy: &str) -> Result<(), Failure> {
    let unfinished = cache.join("unfinished");
    remove(&unfinished)?;
    let version = format!("={}", tool.version);
    // In debug mode, and not `--locked`, so that the tools share what both are made of: a fraction of the time.
    let mut cargo = repo.cargo(["install", "--quiet", "--debug", tool.package, "--version", &version]);
    cargo.args(tool.features).args(["--bin", tool.program, "--no-track", "--root"]).arg(&unfinished);
    cargo.env("CARGO_TARGET_DIR", build).env("CARGO_PROFILE_DEV_DEBUG", "false");
    command::run(&mut cargo, remedy)?;

    let finished = tool.directory_in(cache);
    remove(&finished)?;
    fs::rename(&unfinished, &finished).map_err(|error| cache_failure(&finished, &error))?;
    if tool.is_installed_in(cache) {
        return Ok(());
    }
    Err(Failure::new(
        format!("{} was built, and is not {} {}", tool.path_in(cache).display(), tool.program, tool.version),
        "run it with `--version`, and read what it says",
    ))
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cache_failure(directory, &error)),
        _ => Ok(()),
    }
}

fn cache_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("{}: {error}", path.display()),
        "see that it may be read and written, or set ROOMFUL_TOOLS to a directory that may",
    )
}

fn cache() -> Result<PathBuf, Failure> {
    cache_by(|name| std::env::var_os(name))
        .ok_or_else(|| Failure::new("there is no home directory to keep tools in", "set ROOMFUL_TOOLS to a directory"))
}

/// `$ROOMFUL_TOOLS`, or else a folder of the user's caches.
fn cache_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("ROOMFUL_TOOLS").or_else(|| {
        let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(caches.join("roomful").join("tools"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_kept_where_the_user_says_or_where_caches_are() {
        let by = |variables: &'static [(&str, &str)]| {
            cache_by(|wanted| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into()))
        };
        assert_eq!(
            by(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/caches"), ("ROOMFUL_TOOLS", "/tools")]),
            Some("/tools".into())
        );
        assert_eq!(by(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/caches")]), Some("/caches/roomful/tools".into()));
        assert_eq!(by(&[("HOME", "/home/me")]), Some("/home/me/.cache/roomful/tools".into()));
        assert_eq!(by(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "")]), Some("/home/me/.cache/roomful/tools".into()));
        assert_eq!(by(&[]), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_tool_is_installed_when_it_says_the_version_that_is_needed() {
        use std::os::unix::fs::PermissionsExt as _;

        let cache = std::env::temp_dir().join(format!("xtask-tools-{}", std::process::id()));
        let tool = |version: &str| CargoTool {
            package: "a-tool",
            program: "tool",
            version: version.to_owned(),
            features: &[],
        };
        assert!(!tool("1.2.3").is_installed_in(&cache));

        let path = tool("1.2.3").path_in(&cache);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, "#!/bin/sh\necho tool 1.2.3\n").expect("written");
        assert!(!tool("1.2.3").is_installed_in(&cache), "it cannot be run");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made a program");
        assert!(tool("1.2.3").is_installed_in(&cache));
        assert!(!tool("1.2.4").is_installed_in(&cache), "another version is another tool");
        fs::write(&path, "#!/bin/sh\necho tool v1.2.3\n").expect("written");
        assert!(tool("1.2.3").is_installed_in(&cache), "with a letter before it");
        fs::write(&path, "#!/bin/sh\necho tool 1.2.30\n").expect("written");
        assert!(!tool("1.2.3").is_installed_in(&cache), "it says that it is another");
        fs::remove_dir_all(cache).expect("deleted");
    }
}
