//! Types that were made up, what `rooms.typescript()` says of them, and what serde does with them. `check.mjs` runs it.

mod case;
mod made;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use case::Case;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["generate", directory] => generate(Path::new(directory)),
        ["read", directory] => read(Path::new(directory)),
        _ => Err("`shapes generate DIRECTORY` or `shapes read DIRECTORY`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shapes: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

/// Writes `rooms.gen.ts`, with a socket for each type in the directions in which it can be said.
fn generate(directory: &Path) -> Done {
    let cases = made::cases();
    let (coming, going) = (said(&cases, |case| &case.incoming), said(&cases, |case| &case.outgoing));
    println!("seed {}: of {} types {coming} can be read and {going} be written", made::SEED, cases.len());
    // Or what is tried here is not what it is meant to be.
    if coming.min(going) * 2 < cases.len() {
        return Err("more than half of the types were refused".into());
    }
    fs::write(directory.join("rooms.gen.ts"), case::typescript(&cases)?)?;
    Ok(())
}

fn said(cases: &[Case], side: impl Fn(&Case) -> &Result<(), String>) -> usize {
    cases.iter().filter(|case| side(case).is_ok()).count()
}

/// Reads what TypeScript allows, by type, from the standard input; and writes `values.json`, in which there is every value that each
/// type was written as.
fn read(directory: &Path) -> Done {
    let samples: BTreeMap<String, Vec<String>> = serde_json::from_reader(io::stdin())?;
    let mut written: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut read = 0;
    let mut unread = Vec::new();
    for case in made::cases() {
        let mut values = case.values;
        for sample in samples.get(case.name).into_iter().flatten() {
            match (case.read)(sample) {
                Ok(rewritten) => values.push(rewritten),
                Err(error) => unread.push(format!("{}: {sample}: {error}", case.name)),
            }
            read += 1;
        }
        if case.outgoing.is_ok() {
            let values: Result<_, _> = values.into_iter().collect();
            written.insert(
                case.name,
                values.map_err(|error| format!("a value of {} cannot be written: {error}", case.name))?,
            );
        }
    }
    fs::write(directory.join("values.json"), serde_json::to_string(&written)?)?;
    println!("{read} values were read, and {} written", written.values().map(Vec::len).sum::<usize>());
    if unread.is_empty() { Ok(()) } else { Err(unread.join("\n").into()) }
}
