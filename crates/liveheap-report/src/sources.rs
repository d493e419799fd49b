//! The texts of source files, found by the names that a profile has for them.
//!
//! The names are those of the machine that built the program; where the files are here is a matter
//! of search. Files are read through the caller's function, each at most once.

use crate::answer::Surroundings;
use crate::paths;
use std::collections::HashMap;
use std::io;

/// Finds and keeps source files.
pub(crate) struct Sources<'a, 's> {
    surroundings: &'a mut Surroundings<'s>,
    /// Folders that are searched, with all that they are in; separated by colons.
    search_path: String,
    /// Prefixes to cut from names, separated by colons.
    trim_path: &'a str,
    files: HashMap<String, Source>,
}

/// A source file as it was found.
#[derive(Debug, Default)]
struct Source {
    lines: Vec<String>,
    /// Why it could not be read.
    problem: Option<String>,
}

impl<'a, 's> Sources<'a, 's> {
    /// Nothing read yet. Without a search path the current folder is searched.
    pub(crate) fn new(
        surroundings: &'a mut Surroundings<'s>,
        source_path: &str,
        trim_path: &'a str,
    ) -> Self {
        let search_path = if source_path.is_empty() {
            surroundings.current_dir.clone()
        } else {
            String::from(source_path)
        };
        Self { surroundings, search_path, trim_path, files: HashMap::new() }
    }

    /// A line of a file, 1-based, without its end; `None` when the file has no such line.
    pub(crate) fn line(&mut self, name: &str, number: i64) -> Option<&str> {
        let position = usize::try_from(number).ok()?.checked_sub(1)?;
        self.source(name).lines.get(position).map(String::as_str)
    }

    /// Why a file could not be read; `None` when it could.
    pub(crate) fn problem(&mut self, name: &str) -> Option<&str> {
        self.source(name).problem.as_deref()
    }

    /// Why a file that was looked for before could not be read.
    pub(crate) fn known_problem(&self, name: &str) -> Option<&str> {
        self.files.get(name)?.problem.as_deref()
    }

    fn source(&mut self, name: &str) -> &Source {
        if !self.files.contains_key(name) {
            let source = self.find(name);
            self.files.insert(String::from(name), source);
        }
        &self.files[name]
    }

    fn find(&mut self, name: &str) -> Source {
        let path = paths::trim(name, self.trim_path, &self.search_path);
        if path.starts_with('/') {
            let read = read(self.surroundings, path);
            return read.unwrap_or_else(|error| Source {
                lines: Vec::new(),
                problem: Some(format!("open {path}: {}", reason(&error))),
            });
        }
        for folder in self.search_path.split(':') {
            let mut folder = String::from(folder);
            loop {
                if let Ok(source) = read(self.surroundings, &paths::join(&folder, path)) {
                    return source;
                }
                let parent = paths::parent(&folder);
                if parent == folder {
                    break;
                }
                folder = parent;
            }
        }
        let problem = format!("could not find file {path} on path {}", self.search_path);
        Source { lines: Vec::new(), problem: Some(problem) }
    }
}

fn read(surroundings: &mut Surroundings<'_>, path: &str) -> io::Result<Source> {
    match (surroundings.read_file)(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Ok(Source { lines: text.lines().map(String::from).collect(), problem: None })
        }
        // The search ends at a folder of that name, as it does in pprof.
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(Source::default()),
        Err(error) => Err(error),
    }
}

/// Why a file cannot be opened, the same on all systems.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => String::from("no such file or directory"),
        io::ErrorKind::PermissionDenied => String::from("permission denied"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `name` is found as, with these files on the disk.
    #[track_caller]
    fn check(name: &str, source_path: &str, trim_path: &str, files: &[&str], expected: &str) {
        let mut read_file = |path: &str| {
            let found = files.contains(&path).then(|| format!("{path}\r\nsecond").into_bytes());
            found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let mut surroundings = Surroundings {
            current_dir: String::from("/home/app"),
            read_file: &mut read_file,
            open_binary: &mut |_, _| Err(String::from("no binaries here")),
            local_time: &|_| (0, String::from("UTC")),
        };
        let mut sources = Sources::new(&mut surroundings, source_path, trim_path);
        let found = match sources.problem(name) {
            Some(problem) => String::from(problem),
            None => String::from(sources.line(name, 1).unwrap()),
        };
        assert_eq!(found, expected);
        if sources.problem(name).is_none() {
            assert_eq!(sources.line(name, 2), Some("second"));
        }
        assert_eq!(sources.line(name, 0), None);
        assert_eq!(sources.line(name, 3), None);
    }

    #[test]
    fn a_relative_name_is_looked_for_upwards() {
        check("a.rs", "", "", &["/home/a.rs"], "/home/a.rs");
        check("b/a.rs", "x/y:z", "", &["z/b/a.rs"], "z/b/a.rs");
        check("a.rs", "x/y", "", &["a.rs"], "a.rs");
        check("a.rs", "x:y", "", &[], "could not find file a.rs on path x:y");
    }

    #[test]
    fn an_absolute_name_is_opened_unless_it_is_trimmed() {
        check("/src/a.rs", "", "", &["/src/a.rs"], "/src/a.rs");
        check("/src/a.rs", "", "", &[], "open /src/a.rs: no such file or directory");
        check("/build/src/a.rs", "", "/build", &["/home/src/a.rs"], "/home/src/a.rs");
        check("/ci/app/src/a.rs", "", "", &["/home/app/src/a.rs"], "/home/app/src/a.rs");
    }
}
