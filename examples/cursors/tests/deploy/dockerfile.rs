//! `deploy/Dockerfile`.

use crate::board::{PORT, assert_accepts};
use crate::files::{assert_pinned, read, root};

/// An instruction, and what stands behind it.
struct Instruction {
    name: String,
    words: String,
}

fn instructions() -> Vec<Instruction> {
    let text = read("deploy/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}")));
    split.map(|(name, words)| Instruction { name: name.to_owned(), words: words.trim().to_owned() }).collect()
}

fn all(name: &str) -> Vec<String> {
    instructions().into_iter().filter(|instruction| instruction.name == name).map(|it| it.words).collect()
}

fn images() -> Vec<String> {
    all("FROM").iter().map(|words| words.split(' ').next().expect("an image").to_owned()).collect()
}

#[test]
fn every_image_says_its_version_and_rusts_is_the_repositorys() {
    images().iter().for_each(|image| assert_pinned(image));
    let toolchain = read("rust-toolchain.toml");
    let (_, channel) = toolchain.split_once("channel = \"").expect("a channel");
    let (channel, _) = channel.split_once('"').expect("its end");
    assert!(images().iter().any(|image| image.starts_with(&format!("rust:{channel}-"))), "{channel}");
    // What it is linked with when it is built is what it finds when it runs.
    assert!(images().iter().all(|image| image.contains("bookworm") || image.contains("debian12")));
}

#[test]
fn what_is_copied_is_there_and_from_a_stage_that_is() {
    let stages: Vec<String> =
        all("FROM").iter().filter_map(|words| words.split_once(" AS ")).map(|(_, name)| name.to_owned()).collect();
    for copy in all("COPY") {
        let words: Vec<&str> = copy.split(' ').collect();
        match words[0].strip_prefix("--from=") {
            Some(stage) => assert!(stages.iter().any(|known| known == stage), "{copy}"),
            None => {
                for source in &words[..words.len() - 1] {
                    assert!(root().join(source).exists(), "{copy}: {source}");
                }
            }
        }
    }
}

#[test]
fn the_page_lies_where_the_program_looks_for_it() {
    let [workdir, same] = &all("WORKDIR")[..] else { panic!("two stages build") };
    assert_eq!(workdir, same);
    // `CARGO_MANIFEST_DIR`, as the compiler has it there.
    let page = format!("{workdir}/examples/cursors/web/dist");
    assert!(all("COPY").contains(&format!("--from=page {page} {page}")));
}

#[test]
fn it_runs_as_nobody_in_particular_and_is_what_hears_signals() {
    let user = all("USER").pop().expect("a user");
    let (user, group) = user.split_once(':').expect("a user and a group");
    assert!(user.parse::<u32>().is_ok_and(|id| id > 0) && group.parse::<u32>().is_ok_and(|id| id > 0));
    assert_eq!(instructions().pop().expect("instructions").name, "ENTRYPOINT");
    let entry: Vec<String> = serde_json::from_str(&all("ENTRYPOINT")[0]).expect("the form without a shell");
    assert!(all("COPY").contains(&format!("--from=server /cursors {}", entry[0])));
    assert_accepts(&entry[1..].iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(all("EXPOSE"), [PORT.to_string()]);
}

#[test]
fn what_is_built_here_is_not_copied_there() {
    let ignored = read("deploy/Dockerfile.dockerignore");
    for path in [".git", "**/node_modules", "**/dist", "**/target"] {
        assert!(ignored.lines().any(|line| line == path), "{path}");
    }
}
