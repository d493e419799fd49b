//! Every option that says where profiles come from and in which form a report goes out, one row each.
//!
//! They are flags of the command line only: the shell has its profile already.

/// Where profiles come from, as it was typed.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The profile that is subtracted; empty for none.
    pub(crate) base: String,
    /// The same, with percentages of the base's total.
    pub(crate) diff_base: String,
    /// How names are found.
    pub(crate) symbolize: String,
    /// Build id for the main binary when the profile has none.
    pub(crate) build_id: String,
    /// Most seconds that a fetch may take; not above 0 for the default.
    pub(crate) timeout: i64,
    /// Seconds that a profile shall be taken for; not above 0 when it was not said.
    pub(crate) seconds: i64,
    /// Most bytes that a profile may unpack to, as `8G`; empty for the default.
    pub(crate) max_unpacked: String,
    /// A remark that is added to the profile.
    pub(crate) comment: String,
    /// Whether the profile's own rules about frames to drop are ignored.
    pub(crate) all_frames: bool,
    /// Where pprof's helper programs are; we need none.
    pub(crate) tools: String,
    /// Address of the web pages.
    pub(crate) http: String,
    /// Whether no browser is opened for them.
    pub(crate) no_browser: bool,
    /// File with the client's certificate.
    pub(crate) tls_cert: String,
    /// File with the client's key.
    pub(crate) tls_key: String,
    /// File with the certificates that servers are checked against.
    pub(crate) tls_ca: String,
    /// Whether the report is written as JSON.
    pub(crate) json: bool,
    /// Whether the report is written as comma-separated values.
    pub(crate) csv: bool,
    /// Which of [`SHORTHANDS`] were given.
    pub(crate) shorthands: [bool; SHORTHANDS.len()],
}

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name: `-name`.
    pub(crate) name: &'static str,
    /// How its value is called, and what it does, in a line; empty where it does nothing here and
    /// is accepted for the sake of pprof's command lines.
    pub(crate) help: (&'static str, &'static str),
    /// Where its value is.
    pub(crate) place: Place,
}

/// Where the value of an option is, and of what kind.
#[derive(Debug)]
pub(crate) enum Place {
    /// True or false.
    Switch(fn(&mut Source) -> &mut bool),
    /// A whole number.
    Whole(fn(&mut Source) -> &mut i64),
    /// A text.
    Text(fn(&mut Source) -> &mut String),
}

/// A flag that stands for a sample type.
#[derive(Debug)]
pub(crate) struct Shorthand {
    /// The flag's name.
    pub(crate) name: &'static str,
    /// The sample type.
    pub(crate) sample_index: &'static str,
    /// Whether values are averaged as well.
    pub(crate) mean: bool,
    /// Its place in [`Source::shorthands`].
    pub(crate) row: Row,
}

/// Looks an option up by its name.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    let shorthands = SHORTHANDS.iter().map(|shorthand| &shorthand.row);
    ROWS.iter().chain(shorthands).find(|row| row.name == name)
}

impl Default for Source {
    fn default() -> Self {
        Self {
            base: String::new(),
            diff_base: String::new(),
            symbolize: String::new(),
            build_id: String::new(),
            timeout: -1,
            seconds: -1,
            max_unpacked: String::new(),
            comment: String::new(),
            all_frames: false,
            tools: String::new(),
            http: String::new(),
            no_browser: false,
            tls_cert: String::new(),
            tls_key: String::new(),
            tls_ca: String::new(),
            json: false,
            csv: false,
            shorthands: [false; SHORTHANDS.len()],
        }
    }
}

const fn row(name: &'static str, value: &'static str, help: &'static str, place: Place) -> Row {
    Row { name, help: (value, help), place }
}

/// The options.
pub(crate) static ROWS: &[Row] = &[
    row("base", "SOURCE", "subtract this profile", Place::Text(|source| &mut source.base)),
    row(
        "diff_base",
        "SOURCE",
        "subtract this profile; percentages are of its total",
        Place::Text(|source| &mut source.diff_base),
    ),
    row(
        "seconds",
        "N",
        "how long the server shall take the profile for",
        Place::Whole(|source| &mut source.seconds),
    ),
    row(
        "timeout",
        "N",
        "seconds to wait for the server's answer",
        Place::Whole(|source| &mut source.timeout),
    ),
    row(
        "symbolize",
        "MODE",
        "where names come from: none, local, fastlocal, remote, force, demangle=MODE",
        Place::Text(|source| &mut source.symbolize),
    ),
    row(
        "buildid",
        "ID",
        "build id of the main binary, if the profile has none",
        Place::Text(|source| &mut source.build_id),
    ),
    row(
        "max_unpacked",
        "BYTES",
        "refuse profiles that unpack to more, 4G by default",
        Place::Text(|source| &mut source.max_unpacked),
    ),
    row(
        "add_comment",
        "TEXT",
        "put a remark into the profile",
        Place::Text(|source| &mut source.comment),
    ),
    row(
        "all_frames",
        "",
        "keep the frames that the profile says to drop",
        Place::Switch(|source| &mut source.all_frames),
    ),
    row("tools", "", "", Place::Text(|source| &mut source.tools)),
    row(
        "tls_cert",
        "FILE",
        "certificate to show to the server",
        Place::Text(|source| &mut source.tls_cert),
    ),
    row(
        "tls_key",
        "FILE",
        "private key of that certificate",
        Place::Text(|source| &mut source.tls_key),
    ),
    row(
        "tls_ca",
        "FILE",
        "certificates to check the server against",
        Place::Text(|source| &mut source.tls_ca),
    ),
    row("json", "", "write the report as JSON", Place::Switch(|source| &mut source.json)),
    row(
        "csv",
        "",
        "write the report as comma-separated values, if it is a table",
        Place::Switch(|source| &mut source.csv),
    ),
    row("http", "", "", Place::Text(|source| &mut source.http)),
    row("no_browser", "", "", Place::Switch(|source| &mut source.no_browser)),
];

macro_rules! shorthand {
    ($position:literal, $name:literal, $sample_index:literal, $mean:literal) => {
        Shorthand {
            name: $name,
            sample_index: $sample_index,
            mean: $mean,
            row: Row {
                name: $name,
                help: (
                    "",
                    if $mean {
                        concat!("mean of sample type ", $sample_index)
                    } else {
                        concat!("sample type ", $sample_index)
                    },
                ),
                place: Place::Switch(|source| &mut source.shorthands[$position]),
            },
        }
    };
}

/// Flags that stand for a sample type; the first one given wins.
pub(crate) static SHORTHANDS: [Shorthand; 7] = [
    shorthand!(0, "total_delay", "delay", false),
    shorthand!(1, "mean_delay", "delay", true),
    shorthand!(2, "contentions", "contentions", false),
    shorthand!(3, "inuse_space", "inuse_space", false),
    shorthand!(4, "inuse_objects", "inuse_objects", false),
    shorthand!(5, "alloc_space", "alloc_space", false),
    shorthand!(6, "alloc_objects", "alloc_objects", false),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Door, commands, table};

    #[test]
    fn no_name_has_two_meanings() {
        let names = ROWS.iter().chain(SHORTHANDS.iter().map(|shorthand| &shorthand.row));
        for row in names {
            assert!(table::find(Door::Own, row.name).is_none(), "{}", row.name);
            assert!(commands::find(Door::Own, row.name).is_none(), "{}", row.name);
        }
    }
}
