//! `deploy/systemd/`.

use crate::board::{SECRET, assert_accepts, longest_end_ms, most_descriptors};
use crate::files::read;

fn said(setting: &str) -> String {
    let unit = read("deploy/systemd/roomful.service");
    let lines: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix(&format!("{setting}="))).collect();
    let [line] = lines[..] else { panic!("{setting} stands there {} times", lines.len()) };
    line.to_owned()
}

#[test]
fn it_starts_the_board_with_what_it_needs() {
    let start = said("ExecStart");
    let words: Vec<&str> = start.split(' ').collect();
    assert!(words[0].ends_with("/cursors"));
    assert_accepts(&words[1..]);
    assert!(read("deploy/systemd/roomful.service").contains(&format!("{SECRET}=$(openssl rand -hex 32)")));
    assert!(said("LimitNOFILE").parse::<u64>().expect("a number") > most_descriptors());
    assert!(said("TimeoutStopSec").parse::<u64>().expect("seconds") * 1_000 > longest_end_ms());
    assert_eq!(said("KillSignal"), "SIGTERM");
}

/// What the kernel has no more would be an error in somebody's log, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn the_kernel_knows_what_is_set_of_it() {
    let set = read("deploy/systemd/90-roomful.conf");
    let keys = set.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        assert!(std::path::Path::new(&path).exists(), "{path}");
    }
}
