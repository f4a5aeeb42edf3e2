//! Files, what each needs of which other, and the circles in that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// The arrows between files, each with the names that make it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    arrows: BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>,
}

/// Files of which each needs the next, and the last one the first.
#[derive(Debug)]
pub(super) struct Circle<'a> {
    /// Each with the names of the next that it uses.
    steps: Vec<(&'a Path, &'a BTreeSet<String>)>,
}

impl Graph {
    /// `from` uses `name`, which `to` defines.
    pub(super) fn add(&mut self, from: &Path, to: &Path, name: &str) {
        if from != to {
            self.arrows.entry(from.into()).or_default().entry(to.into()).or_default().insert(name.to_owned());
        }
    }

    pub(super) fn arrows(&self) -> usize {
        self.arrows.values().map(BTreeMap::len).sum()
    }

    /// The shortest circles, none of which shares an arrow with another: each has to be broken by itself. What is then left of
    /// longer ones shows when these are gone.
    pub(super) fn circles(&self) -> Vec<Circle<'_>> {
        let arrows = self.arrows.iter().flat_map(|(from, to)| to.keys().map(move |to| (&**from, &**to)));
        let mut circles: Vec<Vec<&Path>> = arrows
            .filter_map(|(from, to)| Some(std::iter::once(from).chain(self.shortest(to, from)?).collect()))
            .collect();
        circles.sort_by_key(Vec::len);
        let mut taken = BTreeSet::new();
        circles.retain(|files| {
            let arrows: Vec<_> = arrows_of(files).collect();
            let is_apart = arrows.iter().all(|arrow| !taken.contains(arrow));
            if is_apart {
                taken.extend(arrows);
            }
            is_apart
        });
        circles.iter().map(|files| self.circle(files)).collect()
    }

    /// The files on the shortest way, both ends with it.
    fn shortest<'a>(&'a self, from: &'a Path, to: &Path) -> Option<Vec<&'a Path>> {
        let mut came_from: BTreeMap<&Path, Option<&Path>> = BTreeMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(file) = next.pop_front() {
            if file == to {
                let mut way: Vec<&Path> =
                    std::iter::successors(Some(file), |at| came_from.get(at).copied().flatten()).collect();
                way.reverse();
                return Some(way);
            }
            for needed in self.arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
                came_from.entry(needed).or_insert_with(|| {
                    next.push_back(needed);
                    Some(file)
                });
            }
        }
        None
    }

    fn circle<'a>(&'a self, files: &[&'a Path]) -> Circle<'a> {
        Circle {
            steps: arrows_of(files).filter_map(|(from, to)| Some((from, self.arrows.get(from)?.get(to)?))).collect(),
        }
    }
}

fn arrows_of<'a>(files: &[&'a Path]) -> impl Iterator<Item = (&'a Path, &'a Path)> {
    files.iter().copied().zip(files.iter().copied().skip(1))
}

impl Circle<'_> {
    /// `a.rs -(X, Y)-> b.rs -(Z)-> a.rs`, with paths from this directory.
    pub(super) fn line(&self, root: &Path) -> String {
        let shown = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
        let steps = self.steps.iter().map(|(file, names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{} -({})-> ", shown(file), names.join(", "))
        });
        let end = self.steps.first().map(|(file, _)| shown(file)).unwrap_or_default();
        steps.collect::<String>() + &end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(arrows: &[(&str, &str, &str)]) -> Vec<String> {
        let mut graph = Graph::default();
        for (from, to, name) in arrows {
            graph.add(Path::new(from), Path::new(to), name);
        }
        graph.circles().iter().map(|circle| circle.line(Path::new("/"))).collect()
    }

    #[test]
    fn what_only_points_down_is_no_circle_and_neither_is_a_file_that_names_itself() {
        assert!(circles(&[("a", "b", "B"), ("a", "c", "C"), ("b", "c", "C"), ("c", "c", "C")]).is_empty());
    }

    #[test]
    fn a_circle_is_named_once_with_the_names_that_make_it() {
        assert_eq!(
            circles(&[("a", "b", "Y"), ("a", "b", "X"), ("b", "a", "Z"), ("b", "c", "C")]),
            ["a -(X, Y)-> b -(Z)-> a"]
        );
        assert_eq!(
            circles(&[("a", "b", "B"), ("b", "c", "C"), ("c", "a", "A"), ("x", "a", "A")]),
            ["a -(B)-> b -(C)-> c -(A)-> a"]
        );
    }

    #[test]
    fn the_shortest_comes_first_and_a_longer_one_only_where_it_shares_no_arrow_with_it() {
        let bow = [("a", "b", "B"), ("b", "c", "C"), ("c", "a", "A"), ("c", "b", "B")];
        assert_eq!(circles(&bow), ["b -(C)-> c -(B)-> b"]);
        let both = [&bow[..], &[("a", "d", "D"), ("d", "c", "C")]].concat();
        assert_eq!(circles(&both), ["b -(C)-> c -(B)-> b", "a -(D)-> d -(C)-> c -(A)-> a"]);
    }

    #[test]
    fn two_circles_that_share_nothing_are_two() {
        assert_eq!(circles(&[("a", "b", "B"), ("b", "a", "A"), ("c", "d", "D"), ("d", "c", "C")]).len(), 2);
    }
}
