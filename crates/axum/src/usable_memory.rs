//! How much memory this process may use: the machine's, or what the cgroups that it is in leave of it.

use std::path::{Path, PathBuf};

/// Bytes; `None` where the system does not say.
pub(crate) fn usable_memory() -> Option<usize> {
    usable(&|path: &Path| std::fs::read_to_string(path).ok())
}

/// The same, with the files as `read` gives them.
fn usable(read: &dyn Fn(&Path) -> Option<String>) -> Option<usize> {
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| total(&text));
    machine.into_iter().chain(cgroup_bounds(read)).min()
}

/// `MemTotal:  16316412 kB`
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: usize = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The bounds of this process's cgroups and of those that they are in: each holds.
fn cgroup_bounds(read: &dyn Fn(&Path) -> Option<String>) -> Vec<usize> {
    let mounts = read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let own = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let mounts = mounts.lines().filter_map(Mount::parse);
    mounts.flat_map(|mount| mount.bounds(&own, read)).collect()
}

/// Where a tree of cgroups that bound memory is to be read.
struct Mount<'a> {
    /// The cgroup that is seen there.
    root: &'a Path,
    at: &'a Path,
    version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl<'a> Mount<'a> {
    /// `35 25 0:31 /root /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw`; the number of words before `-` varies.
    fn parse(line: &'a str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let (mut place, mut kind) = (place.split(' ').skip(3), kind.split(' '));
        let (root, at) = (Path::new(place.next()?), Path::new(place.next()?));
        let version = match kind.next()? {
            "cgroup2" => Version::Two,
            "cgroup" if kind.nth(1)?.split(',').any(|option| option == "memory") => Version::One,
            _ => return None,
        };
        Some(Self { root, at, version })
    }

    fn bounds(&self, own: &str, read: &dyn Fn(&Path) -> Option<String>) -> Vec<usize> {
        let name = match self.version {
            Version::One => "memory.limit_in_bytes",
            Version::Two => "memory.max",
        };
        let here = self.own_directory(own);
        let directories = here.ancestors().take_while(|directory| directory.starts_with(self.at));
        // `max` is no number, and so no bound; version 1 says a number that is larger than any machine's.
        directories.filter_map(|directory| read(&directory.join(name))?.trim().parse().ok()).collect()
    }

    /// Where this process's own cgroup is seen; the top of what is seen where it is not below that, as in a container.
    fn own_directory(&self, own: &str) -> PathBuf {
        let is_ours = |controllers: &str| match self.version {
            Version::One => controllers.split(',').any(|controller| controller == "memory"),
            Version::Two => controllers.is_empty(),
        };
        // `4:memory:/path`, and `0::/path` in version 2.
        let path = own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            is_ours(controllers).then(|| Path::new(path))
        });
        let below = path.and_then(|path| path.strip_prefix(self.root).ok()).filter(|path| !path.starts_with(".."));
        below.map_or_else(|| self.at.to_owned(), |path| self.at.join(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const MEMINFO: (&str, &str) = ("/proc/meminfo", "MemTotal:        1000 kB\nMemFree:          900 kB\n");
    const V2: (&str, &str) = (
        "/proc/self/mountinfo",
        "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
         35 24 0:31 / /sys/fs/cgroup rw,nosuid,nodev shared:9 shared:10 - cgroup2 cgroup2 rw,nsdelegate\n",
    );
    const V1: (&str, &str) = (
        "/proc/self/mountinfo",
        "30 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
         36 24 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory\n",
    );

    fn of(files: &[(&str, &str)]) -> Option<usize> {
        let files: HashMap<_, _> = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        usable(&|path| files.get(path).cloned())
    }

    #[test]
    fn the_least_of_all_bounds_holds() {
        let own_v2 = ("/proc/self/cgroup", "0::/a/b\n");
        let own_v1 = ("/proc/self/cgroup", "11:cpu,cpuacct:/elsewhere\n4:memory:/a/b\n0::/\n");
        for (what, files, bytes) in [
            ("nothing is known", vec![], None),
            ("no cgroup", vec![MEMINFO], Some(1_024_000)),
            ("no bound", vec![MEMINFO, V2, own_v2, ("/sys/fs/cgroup/a/b/memory.max", "max\n")], Some(1_024_000)),
            ("its own", vec![MEMINFO, V2, own_v2, ("/sys/fs/cgroup/a/b/memory.max", "5000\n")], Some(5_000)),
            (
                "one that its own is in",
                vec![
                    MEMINFO,
                    V2,
                    own_v2,
                    ("/sys/fs/cgroup/a/b/memory.max", "5000\n"),
                    ("/sys/fs/cgroup/a/memory.max", "3000\n"),
                ],
                Some(3_000),
            ),
            ("another's", vec![MEMINFO, V2, own_v2, ("/sys/fs/cgroup/other/memory.max", "5\n")], Some(1_024_000)),
            (
                "more than there is",
                vec![MEMINFO, V2, own_v2, ("/sys/fs/cgroup/a/memory.max", "9999999")],
                Some(1_024_000),
            ),
            (
                "version 1",
                vec![
                    MEMINFO,
                    V1,
                    own_v1,
                    ("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n"),
                    ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000\n"),
                    ("/sys/fs/cgroup/cpu/elsewhere/memory.limit_in_bytes", "5\n"),
                ],
                Some(7_000),
            ),
        ] {
            assert_eq!(of(&files), bytes, "{what}");
        }
    }

    #[test]
    fn in_a_container_its_own_cgroup_is_the_top_of_what_is_seen() {
        let bound = ("/sys/fs/cgroup/memory.max", "4000\n");
        let bind = ("/proc/self/mountinfo", "35 24 0:31 /docker/4f /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n");
        for (what, mounts, own) in [
            ("a namespace of its own", V2, "0::/\n"),
            ("a bind mount", bind, "0::/docker/4f\n"),
            ("a path that is not seen", bind, "0::/system.slice\n"),
            ("a path outside the namespace", V2, "0::/../../else\n"),
        ] {
            assert_eq!(of(&[MEMINFO, mounts, ("/proc/self/cgroup", own), bound]), Some(4_000), "{what}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_known() {
        for meminfo in ["", "MemTotal:", "MemTotal: many kB", "MemTotal: 99999999999999999999 kB", "MemFree: 1 kB"] {
            assert_eq!(
                of(&[("/proc/meminfo", meminfo), ("/proc/self/mountinfo", "1 2 - \n - \n-")]),
                None,
                "{meminfo}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_says_how_much() {
        assert!(usable_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
