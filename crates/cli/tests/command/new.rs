//! `roomful new`, as far as it writes; what it writes is tried by `tests/template.rs` and by a step of `cargo xtask check`.

use std::fs;
use std::path::PathBuf;

use crate::support::{Ended, roomful};

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("roomful-new-{}-{name}", std::process::id()))
}

#[tokio::test]
async fn a_project_is_written_into_a_folder_that_is_empty_and_over_nothing() {
    let parent = folder("parent");
    let project = parent.join("team-board");
    fs::create_dir_all(&project).unwrap();
    let args = ["new", project.to_str().unwrap(), "--preact"];
    let written = Ended::of(roomful(&args)).await;
    assert_eq!(written.code, Some(0), "{written:?}");
    assert!(written.out.contains("15 files") && written.out.contains("cargo test"), "{written:?}");
    let read = |file: &str| fs::read_to_string(project.join(file)).unwrap();
    assert!(read("Cargo.toml").starts_with("[package]\nname = \"team-board\"\n"));
    assert!(read("src/main.rs").contains("team_board::rooms()"));
    assert!(read(".gitignore").contains("/target") && read("web/src/rooms.gen.ts").contains("roomful/preact"));

    let again = Ended::of(roomful(&args)).await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.contains("has something in it\nWhat to do: give the name of a folder that is not there yet"),
        "{again:?}"
    );
    fs::remove_dir_all(&parent).unwrap();
}

#[tokio::test]
async fn what_is_no_name_or_two_choices_is_refused_and_nothing_is_written() {
    let project = folder("Not A Name");
    let refused = Ended::of(roomful(&["new", project.to_str().unwrap()])).await;
    assert!(refused.code == Some(1) && refused.err.contains("is no name for a project"), "{refused:?}");
    assert!(!project.exists());
    assert_eq!(Ended::of(roomful(&["new", "a", "--react", "--preact"])).await.code, Some(2));
}
