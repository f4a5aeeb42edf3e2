//! The npm packages of the repository: their dependencies and their scripts.

use std::path::Path;
use std::{fs, io};

use crate::command::{self, Failure};
use crate::repo::Repo;

/// The file in `node_modules` that says for what `npm ci` filled it.
///
/// It stands there, and not among cargo's output, because `npm ci` begins by deleting the folder: a stamp can never outlive what it
/// speaks of, nor stand for an installation that broke off.
const STAMP: &str = "node_modules/.xtask-stamp";

/// Installs exactly what the package's lock file says, unless that is what is installed.
pub(crate) fn install(repo: &Repo, package: &str) -> Result<(), Failure> {
    let directory = repo.path(package);
    let wanted = wanted(&directory)?;
    if is_current(&directory, &wanted) {
        println!("  {package}/node_modules is what the lock file says");
        return Ok(());
    }
    command::run(
        &mut repo.program("npm", package, ["ci", "--no-audit", "--no-fund"]),
        "read what npm says above; it needs the npm registry, and a package-lock.json that `npm install` brought up to date",
    )?;
    fs::write(directory.join(STAMP), wanted).map_err(|error| file_failure(&directory.join(STAMP), &error))
}

/// Runs a script of the package, which must have it.
pub(crate) fn script(repo: &Repo, package: &str, script: &str, variables: &[(&str, &Path)]) -> Result<(), Failure> {
    let mut npm = repo.program("npm", package, ["run", script]);
    npm.envs(variables.iter().copied());
    command::run(&mut npm, &format!("mend what `npm run {script}` says above, in {package}"))
}

/// Everything that decides what `npm ci` installs.
fn wanted(directory: &Path) -> Result<String, Failure> {
    let mut wanted = String::new();
    for name in ["package.json", "package-lock.json"] {
        let path = directory.join(name);
        wanted += &fs::read_to_string(&path).map_err(|error| file_failure(&path, &error))?;
    }
    Ok(wanted)
}

fn is_current(directory: &Path, wanted: &str) -> bool {
    fs::read_to_string(directory.join(STAMP)).is_ok_and(|installed| installed == wanted)
}

fn file_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "see that the file is there and may be read and written")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package with nothing installed, in a folder of its own.
    fn package(name: &str) -> std::path::PathBuf {
        let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(directory.join("node_modules")).expect("a folder");
        fs::write(directory.join("package.json"), "{}").expect("a manifest");
        fs::write(directory.join("package-lock.json"), "{\"a\":1}").expect("a lock file");
        directory
    }

    #[test]
    fn an_installation_is_current_until_the_lock_file_changes_or_it_is_deleted() {
        let directory = package("stamp");
        let before = wanted(&directory).expect("both files");
        assert!(!is_current(&directory, &before), "nothing is installed");

        fs::write(directory.join(STAMP), &before).expect("a stamp");
        assert!(is_current(&directory, &before));

        fs::write(directory.join("package-lock.json"), "{\"a\":2}").expect("a lock file");
        let after = wanted(&directory).expect("both files");
        assert!(!is_current(&directory, &after), "the lock file changed");

        fs::remove_dir_all(directory.join("node_modules")).expect("deleted");
        assert!(!is_current(&directory, &before), "nothing is installed");
        fs::remove_dir_all(directory).expect("deleted");
    }

    #[test]
    fn a_package_without_a_lock_file_is_a_failure_that_names_it() {
        let directory = package("no-lock");
        fs::remove_file(directory.join("package-lock.json")).expect("deleted");
        let failure = wanted(&directory).expect_err("there is no lock file");
        assert!(failure.to_string().contains("package-lock.json"));
        fs::remove_dir_all(directory).expect("deleted");
    }
}
