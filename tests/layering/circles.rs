//! Finds files that import each other in a circle.
//!
//! Invariant: the file that defines an item counts, not a module that re-exports it. So siblings that
//! use each other are found even if they name each other through their parent.
//!
//! A module contains the modules declared in it. So its file may use its children, and they may use what it defines,
//! without being a circle; but two of its children that use each other are one. A child that uses an item of its parent
//! also imports everything that the parent's file imports from elsewhere. Code that is compiled for tests only does not
//! count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::{Kind, Named, Source};

/// A file, its module's path from the root, and its source.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) module: Vec<String>,
    pub(crate) source: Source,
}

/// Which file imports which, and an import that shows it.
pub(crate) type Imports<'a> = BTreeMap<&'a str, BTreeMap<&'a str, String>>;

/// Every group of files that import each other in circles, each with its shortest circle.
pub(crate) fn circles(files: &[File]) -> Vec<Circle> {
    let imports = imports(files);
    let mut found: Vec<Circle> = Vec::new();
    for file in imports.keys() {
        if found.iter().any(|circle| circle.group.contains(*file)) {
            continue;
        }
        let reached = reachable(&imports, file);
        let group: BTreeSet<String> = reached
            .iter()
            .filter(|other| reachable(&imports, other).contains(file))
            .map(|other| (*other).to_owned())
            .collect();
        if let Some(shortest) =
            group.iter().filter_map(|member| shortest_circle(&imports, member)).min_by_key(Vec::len)
        {
            found.push(Circle { group, shortest });
        }
    }
    found
}

/// Files that import each other in circles.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// All files of the group.
    pub(crate) group: BTreeSet<String>,
    /// A shortest path from one of them to itself.
    pub(crate) shortest: Vec<String>,
}

/// Every file that can be reached from this one through one or more imports.
fn reachable<'a>(imports: &Imports<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for target in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*target) {
                next.push(target);
            }
        }
    }
    reached
}

/// The shortest path from a file to itself, with that file at both ends.
fn shortest_circle(imports: &Imports<'_>, start: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for target in imports.get(way.last()?.as_str()).into_iter().flat_map(BTreeMap::keys) {
            let longer = [way.as_slice(), &[(*target).to_owned()]].concat();
            if *target == start {
                return Some(longer);
            }
            if seen.insert(*target) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// Which file imports which.
pub(crate) fn imports(files: &[File]) -> Imports<'_> {
    let names = Names::of(files);
    let mut imports = Imports::new();
    for file in files.iter().filter(|file| !names.is_for_tests(&file.module)) {
        let mut found = BTreeMap::new();
        for named in file.source.paths.iter().filter(|named| !named.test) {
            let module = [file.module.as_slice(), &named.inside].concat();
            let Some(defined) = names.locate(&module, named) else { continue };
            let is_contained = defined.starts_with(&file.module);
            if let Some(target) = names.modules.get(&defined).filter(|_| !is_contained) {
                found.entry(*target).or_insert_with(|| named.segments.join("::"));
            }
        }
        imports.insert(file.path.as_str(), found);
    }
    imports
}

/// The names of every module and of its imports.
struct Names<'a> {
    /// Every module, and its file.
    modules: BTreeMap<Vec<String>, &'a str>,
    /// The modules that are compiled for tests only.
    tests: BTreeSet<Vec<String>>,
    /// The imports of a module, by module and name.
    imported: BTreeMap<(Vec<String>, &'a str), &'a Named>,
}

impl<'a> Names<'a> {
    fn of(files: &'a [File]) -> Self {
        let mut names = Names { modules: BTreeMap::new(), tests: BTreeSet::new(), imported: BTreeMap::new() };
        for file in files {
            for declared in &file.source.modules {
                let module = [file.module.as_slice(), &declared.path].concat();
                names.modules.entry(module.clone()).or_insert(&file.path);
                if declared.test {
                    names.tests.insert(module);
                }
            }
            for named in &file.source.paths {
                if let Kind::Import { name, .. } = &named.kind {
                    let module = [file.module.as_slice(), &named.inside].concat();
                    names.imported.insert((module, name), named);
                }
            }
        }
        // This comes after the declarations, because a module declared in one file may be in another.
        for file in files {
            names.modules.insert(file.module.clone(), &file.path);
        }
        names
    }

    fn is_for_tests(&self, module: &[String]) -> bool {
        (0..=module.len()).filter_map(|length| module.get(..length)).any(|part| self.tests.contains(part))
    }

    /// The module that defines a named item; `None` when it is not in this package.
    fn locate(&self, module: &[String], named: &Named) -> Option<Vec<String>> {
        // A module's import may have the same name as what it imports.
        let is_import = named.kind != Kind::Use;
        self.follow(module, &named.segments, is_import, 0)
    }

    fn follow(
        &self,
        module: &[String],
        segments: &[String],
        is_import: bool,
        depth: usize,
    ) -> Option<Vec<String>> {
        // Two imports that name each other do not compile, but this must end nevertheless.
        if depth > 20 {
            return None;
        }
        let (first, rest) = segments.split_first()?;
        let mut at = module.to_vec();
        match first.as_str() {
            "crate" | "handover" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            name => at = self.step(&at, name, is_import, depth)?,
        }
        for name in rest {
            if name == "super" {
                at.pop();
                continue;
            }
            match self.step(&at, name, false, depth) {
                Some(next) => at = next,
                // The item is defined here, or is part of one that is.
                None => break,
            }
        }
        Some(at)
    }

    /// The module that a name in a module leads to: a child module, or the module that defines the imported item.
    fn step(&self, at: &[String], name: &str, is_import: bool, depth: usize) -> Option<Vec<String>> {
        let child = [at, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(child);
        }
        let import = self.imported.get(&(at.to_vec(), name)).filter(|_| !is_import)?;
        self.follow(at, &import.segments, true, depth + 1)
    }
}
