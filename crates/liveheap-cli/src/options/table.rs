//! Every option of a report, one row each.
//!
//! A row gives the flag of the command line, the variable of the shell, the help line, the values
//! for completion and the place of the value in [`Settings`]. Names and first help lines are those
//! of pprof, whose users know them; the further lines are ours except where its users compare them.

use super::Door;
use super::settings::{Names, SYNTAX_WORDS, Settings};
use liveheap_report::{Granularity, Sort};

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name: `-name`, `--name`, `name=value`.
    pub(crate) name: &'static str,
    /// One letter for our own verbs, such as the `n` of `-n 5`.
    pub(crate) letter: Option<char>,
    /// What it does: a line for lists, then more lines for `help NAME`.
    pub(crate) help: &'static [&'static str],
    /// Where its value is, and of what kind.
    pub(crate) place: Place,
    /// Whether pprof has it too.
    pub(crate) is_pprofs: bool,
}

/// Where the value of an option is, and of what kind.
#[derive(Debug)]
pub(crate) enum Place {
    /// True or false.
    Switch(fn(&mut Settings) -> &mut bool),
    /// A whole number.
    Whole(fn(&mut Settings) -> &mut i64),
    /// A number.
    Real(fn(&mut Settings) -> &mut f64),
    /// A text.
    Text(fn(&mut Settings) -> &mut String),
    /// One of a few words, each also a switch of its own.
    Choice {
        /// The words.
        choices: &'static [Choice],
        /// The word that is set; empty when none is.
        current: fn(&Settings) -> &'static str,
    },
    /// One of a few words, which mean nothing alone.
    Word {
        /// The words.
        words: &'static [&'static str],
        /// The word that is set; empty when none is.
        current: fn(&Settings) -> &'static str,
        /// Sets one of the words.
        set: fn(&mut Settings, &str),
    },
}

/// One of the words that an option may be set to.
#[derive(Debug)]
pub(crate) struct Choice {
    /// The word.
    pub(crate) name: &'static str,
    /// What it does, as in [`Row::help`].
    pub(crate) help: &'static [&'static str],
    /// Sets it.
    pub(crate) set: fn(&mut Settings),
}

/// What a name in the tables stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    /// An option.
    Row(&'static Row),
    /// A word that an option may be set to.
    Choice(&'static Row, &'static Choice),
}

/// The options that a door leads to, in the order in which they take effect.
pub(crate) fn behind(door: Door) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| door == Door::Own || row.is_pprofs)
}

/// Looks an option up by its name, or by the name of one of its choices, of those that a door leads
/// to.
pub(crate) fn find(door: Door, name: &str) -> Option<Named> {
    behind(door).find_map(|row| {
        if row.name == name {
            return Some(Named::Row(row));
        }
        row.choices().iter().find(|choice| choice.name == name).map(|c| Named::Choice(row, c))
    })
}

impl Row {
    /// The words it may be set to, when only some may.
    pub(crate) fn choices(&self) -> &'static [Choice] {
        match self.place {
            Place::Choice { choices, .. } => choices,
            _ => &[],
        }
    }

    /// The words it may be set to, whatever they mean alone.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        match self.place {
            Place::Choice { choices, .. } => choices.iter().map(|choice| choice.name).collect(),
            Place::Word { words, .. } => words.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Its value as text, as the shell shows it.
    pub(crate) fn show(&self, settings: &Settings) -> String {
        // The places hand out `&mut` only; a copy of the settings is a few empty texts.
        let mut settings = settings.clone();
        match self.place {
            Place::Switch(at) => at(&mut settings).to_string(),
            Place::Whole(at) => at(&mut settings).to_string(),
            Place::Real(at) => show_real(*at(&mut settings)),
            Place::Text(at) => std::mem::take(at(&mut settings)),
            Place::Choice { current, .. } | Place::Word { current, .. } => {
                current(&settings).to_owned()
            }
        }
    }
}

/// A number with as many digits as it needs, as Go writes it.
fn show_real(number: f64) -> String {
    if number.is_infinite() {
        return String::from(if number > 0.0 { "+Inf" } else { "-Inf" });
    }
    let size = number.abs();
    if size == 0.0 || number.is_nan() || (1e-4..1e6).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// Reads a number; `None` when it is none, or too large for one.
pub(crate) fn read_real(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    // What is too large reads as infinite, although no one wrote that.
    let is_word = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
    (number.is_finite() || number.is_nan() || is_word).then_some(number)
}

impl Named {
    /// What it does, in lines.
    pub(crate) fn help(&self) -> &'static [&'static str] {
        match self {
            Self::Row(row) => row.help,
            Self::Choice(_, choice) => choice.help,
        }
    }

    /// Whether the name alone says enough: a switch, or a choice.
    pub(crate) fn stands_alone(&self) -> bool {
        match self {
            Self::Row(row) => matches!(row.place, Place::Switch(_)),
            Self::Choice(..) => true,
        }
    }
}

const fn row(name: &'static str, help: &'static [&'static str], place: Place) -> Row {
    Row { name, letter: None, help, place, is_pprofs: true }
}

const fn lettered(
    letter: char,
    name: &'static str,
    help: &'static [&'static str],
    place: Place,
) -> Row {
    Row { name, letter: Some(letter), help, place, is_pprofs: true }
}

/// What a frame is compared with; the second help line of the options that match frames.
const MATCHED: &str = "Matching includes the function name, filename or object name.";
const TAG_KEY: &str = "A tag is written KEY=VALUE, or VALUE for any key.";
const TAG_RANGE: &str = "Ranges of numbers: 1kb, 1kb:10kb, memory=32mb:";
const TAG_TEXT: &str = "Texts are regular expressions: foo, foo.*bar, mytag=foo.*bar";

/// All options, in the order in which they take effect when several are wrong.
static ROWS: &[Row] = &[
    lettered(
        'o',
        "output",
        &["Output filename for file-based outputs"],
        Place::Text(|settings| &mut settings.output),
    ),
    row(
        "call_tree",
        &["Create a context-sensitive call tree", "A function has one node for each way to it."],
        Place::Switch(|settings| &mut settings.base.call_tree),
    ),
    row(
        "relative_percentages",
        &[
            "Show percentages relative to focused subgraph",
            "Otherwise they are shares of the whole profile, so that reports compare.",
        ],
        Place::Switch(|settings| &mut settings.base.relative_percentages),
    ),
    row(
        "unit",
        &[
            "Measurement units to display",
            "A unit such as MB or ms; `minimum` for one unit that suits the smallest value shown;",
            "`auto` for the best unit of each value.",
        ],
        Place::Text(|settings| &mut settings.base.unit),
    ),
    row(
        "compact_labels",
        &["Show minimal headers"],
        Place::Switch(|settings| &mut settings.base.compact_labels),
    ),
    row(
        "source_path",
        &["Search path for source files"],
        Place::Text(|settings| &mut settings.base.source_path),
    ),
    row(
        "trim_path",
        &["Path to trim from source paths before search"],
        Place::Text(|settings| &mut settings.base.trim_path),
    ),
    row(
        "intel_syntax",
        &["Show assembly in Intel syntax", "For `disasm` and `weblist`."],
        Place::Switch(|settings| &mut settings.intel_syntax),
    ),
    row(
        "mean",
        &[
            "Average sample value over first value (count)",
            "For a heap profile this is the mean size of an object.",
        ],
        Place::Switch(|settings| &mut settings.base.mean),
    ),
    lettered(
        's',
        "sample_index",
        &[
            "Sample value to report (0-based index or name)",
            "Profiles contain multiple values per sample.",
            "Use sample_index=i to select the ith value (starting at 0).",
        ],
        Place::Text(|settings| &mut settings.base.sample_index),
    ),
    row(
        "divide_by",
        &[
            "Ratio to divide all samples before visualization",
            "Such as the number of machines or of requests.",
        ],
        Place::Real(|settings| &mut settings.base.divide_by),
    ),
    row(
        "normalize",
        &["Scales profile based on the base profile."],
        Place::Switch(|settings| &mut settings.normalize),
    ),
    row(
        "sort",
        &["Order of the rows"],
        Place::Choice {
            choices: &[
                Choice {
                    name: "cum",
                    help: &["Sort entries based on cumulative weight"],
                    set: |settings| settings.sort_by(Sort::Cum),
                },
                Choice {
                    name: "flat",
                    help: &["Sort entries based on own weight"],
                    set: |settings| settings.sort_by(Sort::Flat),
                },
            ],
            current: |settings| match settings.base.sort {
                Sort::Flat => "flat",
                Sort::Cum => "cum",
            },
        },
    ),
    row(
        "tagroot",
        &[
            "Adds pseudo stack frames for labels key/value pairs at the callstack root.",
            "Label keys, separated by commas; the first becomes the outermost frame.",
        ],
        Place::Text(|settings| &mut settings.base.filters.tag_root),
    ),
    row(
        "tagleaf",
        &[
            "Adds pseudo stack frames for labels key/value pairs at the callstack leaf.",
            "Label keys, separated by commas; the last becomes the leaf.",
        ],
        Place::Text(|settings| &mut settings.base.filters.tag_leaf),
    ),
    row(
        "drop_negative",
        &["Ignore negative differences", "Hides what shrank against the base."],
        Place::Switch(|settings| &mut settings.base.drop_negative),
    ),
    lettered(
        'n',
        "nodecount",
        &[
            "Max number of nodes to show",
            "0 for no limit, -1 for what suits the report.",
            "In a graph a dotted edge stands for a path through hidden nodes.",
        ],
        Place::Whole(|settings| &mut settings.node_count),
    ),
    row(
        "nodefraction",
        &["Hide nodes below <f>*total"],
        Place::Real(|settings| &mut settings.base.node_fraction),
    ),
    row(
        "edgefraction",
        &["Hide edges below <f>*total"],
        Place::Real(|settings| &mut settings.base.edge_fraction),
    ),
    row(
        "trim",
        &[
            "Honor nodefraction/edgefraction/nodecount defaults",
            "Set it to false to see everything.",
        ],
        Place::Switch(|settings| &mut settings.base.trim),
    ),
    lettered(
        'f',
        "focus",
        &[
            "Restricts to samples going through a node matching regexp",
            "Discard samples that do not include a node matching this regexp.",
            MATCHED,
        ],
        Place::Text(|settings| &mut settings.base.filters.focus),
    ),
    lettered(
        'i',
        "ignore",
        &["Skips paths going through any nodes matching regexp", MATCHED],
        Place::Text(|settings| &mut settings.base.filters.ignore),
    ),
    row(
        "prune_from",
        &[
            "Drops any functions below the matched frame.",
            "What the matching function called is counted to it.",
        ],
        Place::Text(|settings| &mut settings.base.filters.prune_from),
    ),
    row(
        "hide",
        &[
            "Skips nodes matching regexp",
            "The samples stay, without the frames that match.",
            MATCHED,
        ],
        Place::Text(|settings| &mut settings.base.filters.hide),
    ),
    row(
        "show",
        &["Only show nodes matching regexp", "All other frames are hidden.", MATCHED],
        Place::Text(|settings| &mut settings.base.filters.show),
    ),
    row(
        "show_from",
        &[
            "Drops functions above the highest matched frame.",
            "Samples without a frame that matches are dropped too.",
            MATCHED,
        ],
        Place::Text(|settings| &mut settings.base.filters.show_from),
    ),
    row(
        "tagfocus",
        &[
            "Restricts to samples with tags in range or matched by regexp",
            TAG_KEY,
            TAG_RANGE,
            TAG_TEXT,
        ],
        Place::Text(|settings| &mut settings.base.filters.tag_focus),
    ),
    row(
        "tagignore",
        &["Discard samples with tags in range or matched by regexp", TAG_KEY, TAG_RANGE, TAG_TEXT],
        Place::Text(|settings| &mut settings.base.filters.tag_ignore),
    ),
    row(
        "tagshow",
        &["Only consider tags matching this regexp", "It is compared with the tag's key."],
        Place::Text(|settings| &mut settings.base.filters.tag_show),
    ),
    row(
        "taghide",
        &["Skip tags matching this regexp", "It is compared with the tag's key."],
        Place::Text(|settings| &mut settings.base.filters.tag_hide),
    ),
    row(
        "noinlines",
        &["Ignore inlines.", "An inlined function is counted to the one it was inlined into."],
        Place::Switch(|settings| &mut settings.base.no_inlines),
    ),
    row(
        "showcolumns",
        &["Show column numbers at the source code line level."],
        Place::Switch(|settings| &mut settings.base.show_columns),
    ),
    row(
        "granularity",
        &["What one node stands for"],
        Place::Choice {
            choices: &[
                Choice {
                    name: "functions",
                    help: &["Aggregate at the function level.", "Whatever file it is in."],
                    set: |settings| settings.granularity = Some(Granularity::Functions),
                },
                Choice {
                    name: "filefunctions",
                    help: &["Aggregate at the function level.", "Told apart by file."],
                    set: |settings| settings.granularity = Some(Granularity::FileFunctions),
                },
                Choice {
                    name: "files",
                    help: &["Aggregate at the file level."],
                    set: |settings| settings.granularity = Some(Granularity::Files),
                },
                Choice {
                    name: "lines",
                    help: &["Aggregate at the source code line level."],
                    set: |settings| settings.granularity = Some(Granularity::Lines),
                },
                Choice {
                    name: "addresses",
                    help: &["Aggregate at the address level.", "Names start with the address."],
                    set: |settings| settings.granularity = Some(Granularity::Addresses),
                },
            ],
            current: |settings| match settings.granularity {
                Some(Granularity::Functions) => "functions",
                Some(Granularity::FileFunctions) => "filefunctions",
                Some(Granularity::Files) => "files",
                Some(Granularity::Lines) => "lines",
                Some(Granularity::Addresses) => "addresses",
                _ => "",
            },
        },
    ),
    Row {
        is_pprofs: false,
        ..row(
            "names",
            &[
                "How functions are named: short, full, raw",
                "`short`, the default, leaves out generic arguments, and the modules of types of the",
                "standard library: <Box as FnOnce>::call_once. `full` is as in `go tool pprof`,",
                "`raw` as the linker knows them.",
                "Expressions are compared with the names that are shown.",
                "The reports proto, topproto and raw always have full names.",
            ],
            Place::Word {
                words: Names::WORDS,
                current: |settings| settings.names.map_or("", Names::word),
                set: |settings, word| settings.names = Names::read(word).or(settings.names),
            },
        )
    },
    Row {
        is_pprofs: false,
        ..row(
            "syntax",
            &[
                "How instructions are written: go, intel, att",
                "For `disasm` and `weblist`, on x86-64. `go`, the default, is that of Go's assembler,",
                "`intel` that of Intel's manuals, `att` that of the GNU assembler.",
            ],
            Place::Word {
                words: SYNTAX_WORDS,
                current: Settings::syntax_word,
                set: Settings::set_syntax,
            },
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_letters_are_unique() {
        let mut names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        names.extend(ROWS.iter().flat_map(|row| row.choices()).map(|choice| choice.name));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        let mut letters: Vec<char> = ROWS.iter().filter_map(|row| row.letter).collect();
        letters.sort_unstable();
        assert!(letters.windows(2).all(|pair| pair[0] != pair[1]), "{letters:?}");
    }

    #[test]
    fn a_choice_shows_what_it_set() {
        for row in ROWS {
            for choice in row.choices() {
                let mut settings = Settings::default();
                (choice.set)(&mut settings);
                assert_eq!(row.show(&settings), choice.name);
            }
        }
    }

    #[test]
    fn numbers_are_shown_without_superfluous_digits() {
        let mut settings = Settings::default();
        settings.base.divide_by = 2.5;
        let shown =
            |name: &str| ROWS.iter().find(|row| row.name == name).map(|row| row.show(&settings));
        assert_eq!(shown("divide_by").as_deref(), Some("2.5"));
        assert_eq!(shown("nodefraction").as_deref(), Some("0.005"));
        assert_eq!(shown("nodecount").as_deref(), Some("-1"));
        let others = [f64::INFINITY, f64::NAN, 1e-5, 0.0001, 123_456.0, 1_234_567.0, -0.0];
        let shown = ["+Inf", "NaN", "1e-05", "0.0001", "123456", "1.234567e+06", "-0"];
        assert_eq!(others.map(show_real), shown);
    }

    #[test]
    fn a_number_that_is_too_large_is_none() {
        assert_eq!(read_real("1e3"), Some(1000.0));
        assert_eq!(read_real("-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(read_real("1e400"), None);
        assert_eq!(read_real("x"), None);
    }
}
