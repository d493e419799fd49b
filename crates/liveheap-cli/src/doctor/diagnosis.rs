//! What the doctor found out, as data. Text and JSON are renderings of it.

use serde::Serialize;

/// The number goes up when a key goes or changes its meaning; keys may be added without.
pub(crate) const SCHEMA: &str = "liveheap-doctor/1";

/// What was found out about a profile or a binary.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Diagnosis {
    pub(crate) schema: &'static str,
    /// What was examined, as it was typed.
    pub(crate) source: String,
    /// What is wrong, the worst first.
    pub(crate) findings: Vec<Finding>,
    /// The profile; `None` when a binary was examined.
    pub(crate) profile: Option<ProfileFacts>,
    /// The binaries in whose code stacks lead, in the order of the profile.
    pub(crate) binaries: Vec<BinaryReport>,
    /// How many more the profile names.
    pub(crate) unused_binaries: usize,
}

/// One thing that is wrong, and the one thing to do about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// A word for programs.
    pub(crate) kind: &'static str,
    /// How bad it is, 0 to 1; findings are sorted by it.
    pub(crate) weight: f64,
    /// What part of the total it concerns, 0 to 1, where that can be said.
    pub(crate) share: Option<f64>,
    /// What is wrong.
    pub(crate) what: String,
    /// Why; may be empty.
    pub(crate) because: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// What a profile is, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ProfileFacts {
    /// Which value the shares are of, such as `inuse_space`.
    pub(crate) sample_type: String,
    /// Its unit.
    pub(crate) unit: String,
    /// The sum of its magnitudes, in `unit`.
    pub(crate) total: i64,
    /// How many rows the file has.
    pub(crate) rows: usize,
    /// How good the numbers are.
    pub(crate) precision: Precision,
    /// What is known about the stacks.
    pub(crate) stacks: StackShares,
    /// How many code addresses there are.
    pub(crate) locations: usize,
    /// How many of them the profile gives no address for.
    pub(crate) without_address: usize,
    /// The profile's own remarks.
    pub(crate) comments: Vec<String>,
}

/// How good sampled numbers are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Precision {
    /// The mean distance of two samples, in `period_unit`; 0 when unknown.
    pub(crate) period: i64,
    /// Its unit.
    pub(crate) period_unit: String,
    /// About how many samples are behind the total; `None` when that cannot be told.
    pub(crate) samples: Option<f64>,
    /// The standard error of the total, as a part of it.
    pub(crate) relative_error: Option<f64>,
    /// A row below this, in `period_unit`, is often missed; 0 when unknown.
    pub(crate) visible_from: i64,
}

/// Parts of the total, 0 to 1, by what is known about stacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct StackShares {
    /// There is no stack.
    pub(crate) absent: f64,
    /// There is one frame only.
    pub(crate) one_frame: f64,
    /// As deep as the profiler goes, and does not end where threads start.
    pub(crate) cut: f64,
    /// Does not end where threads start, although it is not that deep.
    pub(crate) rootless: f64,
    /// The deepest stack, in code addresses.
    pub(crate) deepest: usize,
}

/// Parts of the total, 0 to 1, and addresses of one binary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct BinaryShares {
    /// Stacks that lead through it.
    pub(crate) of_total: f64,
    /// Stacks whose leaf is in it and has no name.
    pub(crate) leaf_unnamed: f64,
    /// Stacks whose leaf is in it and has no line.
    pub(crate) leaf_unlined: f64,
    /// Frames in it without a name, of all frames.
    pub(crate) frames_unnamed: f64,
    /// Frames in it without a line, of all frames.
    pub(crate) frames_unlined: f64,
    /// How many different addresses stacks have in it.
    pub(crate) addresses: usize,
    /// How many of them have no name.
    pub(crate) unnamed: usize,
    /// How many of them have no line.
    pub(crate) unlined: usize,
}

/// One binary of a profile, or the one that was examined.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BinaryReport {
    /// Its file as the profile names it; may be empty.
    pub(crate) file: String,
    /// Its build id as the profile names it; may be empty.
    pub(crate) build_id: String,
    /// How much leads there; `None` when a binary was examined.
    pub(crate) shares: Option<BinaryShares>,
    /// Where it was looked for, in order.
    pub(crate) tried: Vec<Place>,
    /// What the file that was found has to offer.
    pub(crate) offer: Option<Offer>,
}

/// A place where a file was looked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// `taken`, or why it did not do.
    pub(crate) verdict: String,
}

/// What a binary has to offer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Offer {
    pub(crate) path: String,
    pub(crate) build_id: String,
    /// How many functions `.symtab` names.
    pub(crate) symbols: usize,
    /// How many functions `.dynsym` names.
    pub(crate) exports: usize,
    /// `none`, `line-tables`, `full` or `split`.
    pub(crate) debug: &'static str,
    /// Whether a `.dwp` file lies beside it.
    pub(crate) has_package: bool,
    pub(crate) has_go_table: bool,
    pub(crate) has_unwind_tables: bool,
    /// What `.gnu_debuglink` names.
    pub(crate) debug_link: Option<String>,
    /// The separate file with debug information that was found.
    pub(crate) debug_file: Option<Box<Offer>>,
    /// Where that was looked for, in order.
    pub(crate) debug_tried: Vec<Place>,
}

impl Offer {
    /// What is known about a file.
    pub(crate) fn new(facts: &liveheap_symbols::BinaryFacts) -> Self {
        use liveheap_symbols::DebugDetail;
        Self {
            path: facts.path.display().to_string(),
            build_id: facts.build_id.clone(),
            symbols: facts.symbols,
            exports: facts.exports,
            debug: match facts.debug {
                DebugDetail::LineTables => "line-tables",
                DebugDetail::Full => "full",
                DebugDetail::Split => "split",
                _ => "none",
            },
            has_package: facts.has_package,
            has_go_table: facts.has_go_table,
            has_unwind_tables: facts.has_unwind_tables,
            debug_link: facts.debug_link.clone(),
            debug_file: facts.debug_file.as_ref().map(|file| Box::new(Self::new(file))),
            debug_tried: Place::list(&facts.debug_tried),
        }
    }

    /// Whether there are names, also of functions that are not exported.
    pub(crate) fn has_names(&self) -> bool {
        self.symbols > 0 || self.has_lines()
    }

    /// Whether there are line numbers.
    pub(crate) fn has_lines(&self) -> bool {
        self.debug != "none"
            || self.has_go_table
            || self.debug_file.as_ref().is_some_and(|file| file.has_lines())
    }
}

impl Place {
    /// All places that were tried.
    pub(crate) fn list(tried: &[liveheap_symbols::Tried]) -> Vec<Self> {
        let place = |tried: &liveheap_symbols::Tried| Self {
            path: tried.path.display().to_string(),
            verdict: tried.verdict.to_string(),
        };
        tried.iter().map(place).collect()
    }
}
