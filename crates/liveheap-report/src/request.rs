//! The question that a report answers: which report, of which values, filtered and shown how.
//!
//! A flag line, a line typed into the shell and a URL of the web UI all become one [`Request`].
//! It holds what was asked in words (regular expressions are still text); `answer`
//! compiles and checks them, so that every door gives the same errors.

/// One question about one profile.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// Which report.
    pub report: ReportKind,
    /// Which samples and frames are looked at.
    pub filters: Filters,
    /// Sample type by name or position; empty for the profile's own default.
    pub sample_index: String,
    /// Divide each value by the first value of its sample (an average per event).
    pub mean: bool,
    /// Divide every number that is printed by this; 1 leaves them alone.
    pub divide_by: f64,
    /// Unit of the numbers: `minimum`, `auto`, or a unit such as `MB`.
    pub unit: String,
    /// What one node of the report stands for.
    pub granularity: Granularity,
    /// Count an inlined frame to the function that it was inlined into.
    pub no_inlines: bool,
    /// Tell columns apart where lines are told apart.
    pub show_columns: bool,
    /// A node for each call path instead of one for each function (dot and callgrind only).
    pub call_tree: bool,
    /// Order of the rows.
    pub sort: Sort,
    /// Most nodes shown; `None` for the report's own default, `Some(0)` for no limit.
    pub node_count: Option<u32>,
    /// Nodes below this share of the total are hidden; 0 to 1.
    pub node_fraction: f64,
    /// Edges below this share of the total are hidden; 0 to 1.
    pub edge_fraction: f64,
    /// Whether the three limits above apply at all.
    pub trim: bool,
    /// Hide nodes with negative values.
    pub drop_negative: bool,
    /// Take percentages of what the filters left, not of the whole profile.
    pub relative_percentages: bool,
    /// Leave out the lines of the header that say file, type and time.
    pub compact_labels: bool,
    /// Folders in which source files are looked for, separated by colons.
    pub source_path: String,
    /// Prefixes cut from the names of source files, separated by colons.
    pub trim_path: String,
}

/// The reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// Nodes by value, one row each.
    Top,
    /// Nodes with their callers and callees.
    Tree,
    /// The same for the nodes whose name matches this regular expression.
    Peek(String),
    /// Annotated source of the functions that match.
    List(String),
    /// The same as an HTML page.
    WebList(String),
    /// Annotated instructions of the functions that match.
    Disasm(String),
    /// Every sample.
    Traces,
    /// Every label with its values.
    Tags,
    /// The profile's tables as text.
    Raw,
    /// The profile's comments.
    Comments,
    /// Collapsed stacks, for flame graph tools.
    Folded,
    /// The call graph in Graphviz's language.
    Dot,
    /// The call graph as a picture, laid out by us.
    Svg,
    /// Callgrind's format, for KCachegrind.
    Callgrind,
    /// The filtered profile as profile.proto.
    Proto,
    /// A profile.proto with one sample for each row of `Top`.
    TopProto,
}

/// Which samples and frames are looked at; empty texts do nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filters {
    /// Keep samples with a frame that matches.
    pub focus: String,
    /// Drop samples with a frame that matches.
    pub ignore: String,
    /// Hide frames that match.
    pub hide: String,
    /// Hide frames that do not match.
    pub show: String,
    /// Hide what stands above the root-most frame that matches.
    pub show_from: String,
    /// Hide what stands below the leaf-most frame that matches.
    pub prune_from: String,
    /// Keep samples with a label that matches or lies in a range.
    pub tag_focus: String,
    /// Drop samples with a label that matches or lies in a range.
    pub tag_ignore: String,
    /// Hide labels whose key does not match.
    pub tag_show: String,
    /// Hide labels whose key matches.
    pub tag_hide: String,
    /// Label keys, separated by commas, that become frames at the root.
    pub tag_root: String,
    /// Label keys, separated by commas, that become frames at the leaf.
    pub tag_leaf: String,
}

/// What one node of a report stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Granularity {
    /// A function.
    #[default]
    Functions,
    /// A function in a file.
    FileFunctions,
    /// A file.
    Files,
    /// A source line.
    Lines,
    /// An instruction.
    Addresses,
}

/// Order of the rows of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By what a node holds itself.
    #[default]
    Flat,
    /// By what a node and all it called hold.
    Cum,
}

impl Request {
    /// The report with every option at pprof's default.
    pub fn new(report: ReportKind) -> Self {
        Self {
            report,
            filters: Filters::default(),
            sample_index: String::new(),
            mean: false,
            divide_by: 1.0,
            unit: String::from("minimum"),
            granularity: Granularity::default(),
            no_inlines: false,
            show_columns: false,
            call_tree: false,
            sort: Sort::default(),
            node_count: None,
            node_fraction: 0.005,
            edge_fraction: 0.001,
            trim: true,
            drop_negative: false,
            relative_percentages: false,
            compact_labels: false,
            source_path: String::new(),
            trim_path: String::new(),
        }
    }
}
