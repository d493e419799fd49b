//! What the command line means: everything checked, nothing left to interpret.

use super::Door;
use super::commands::Command;
use super::low::LowArgs;
use super::settings::{Form, Names, Settings};
use super::source::SHORTHANDS;
use crate::messages::Message;
use anyhow::{Context, Result, bail};
use liveheap_profile::Limits;
use std::fs::File;
use std::io::Read;

/// What to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Which door the user came through.
    pub(crate) door: Door,
    /// Files and URLs; at least one.
    pub(crate) sources: Vec<String>,
    /// Main binary to use instead of the one that the profile names.
    pub(crate) executable: Option<String>,
    /// What is subtracted.
    pub(crate) base: Option<Base>,
    /// Whether the profile is scaled to the total of its base.
    pub(crate) normalize: bool,
    /// How profiles are fetched.
    pub(crate) fetch: FetchOptions,
    /// Where names come from, in pprof's words.
    pub(crate) symbolize: String,
    /// Build id of the main binary if the profile has none.
    pub(crate) build_id: String,
    /// Limits that keep a hostile profile from taking the machine.
    pub(crate) limits: Limits,
    /// A remark that is added to the profile; empty for none.
    pub(crate) comment: String,
    /// Whether the profile's own rules about frames to drop are ignored.
    pub(crate) all_frames: bool,
    /// The options.
    pub(crate) settings: Settings,
    /// The report and its regular expression; `None` for the shell.
    pub(crate) command: Option<(&'static Command, String)>,
    /// What the user should hear before anything else.
    pub(crate) remarks: Vec<Message>,
}

/// What is subtracted.
#[derive(Debug)]
pub(crate) struct Base {
    /// File or URL.
    pub(crate) source: String,
    /// Whether percentages are of its total.
    pub(crate) is_diff: bool,
}

/// How profiles are fetched.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchOptions {
    /// Seconds that the server shall take the profile for; 0 when it was not said.
    pub(crate) seconds: u64,
    /// Seconds to wait for the answer; 0 for the default.
    pub(crate) timeout_seconds: u64,
    /// File with the client's certificate; empty for none.
    pub(crate) certificate: String,
    /// File with the key of that certificate; empty for none.
    pub(crate) key: String,
    /// File with certificates to check servers against; empty for the system's.
    pub(crate) authorities: String,
}

/// Checks what was typed and says what it means.
pub(crate) fn plan(door: Door, low: LowArgs) -> Result<Plan> {
    let LowArgs { mut settings, choices, mut commands, source, operands } = low;
    if operands.is_empty() {
        bail!("no profile source specified");
    }
    let mut sources = operands;
    let executable = match sources.as_slice() {
        [first, _, ..] if is_binary(first) => Some(sources.remove(0)),
        _ => None,
    };
    for row in super::table::behind(door) {
        let chosen: Vec<_> = choices.iter().filter(|(of, _)| of.name == row.name).collect();
        match chosen.as_slice() {
            [] => {}
            [(_, choice)] => (choice.set)(&mut settings),
            [(_, first), (_, second), ..] => {
                bail!("conflicting options set: {} and {}", first.name, second.name)
            }
        }
    }
    if commands.len() > 1 {
        bail!("must set at most one output format");
    }
    let command = commands.pop();
    if !source.http.is_empty() {
        if command.is_some() {
            bail!("-http is not compatible with an output format on the command line");
        }
        bail!("-http: this version serves no web pages; use `web` for the graph in a browser");
    }
    if source.no_browser {
        bail!("-no_browser only makes sense with -http");
    }
    let mut remarks = Vec::new();
    for (shorthand, given) in SHORTHANDS.iter().zip(source.shorthands) {
        if given && settings.base.sample_index.is_empty() {
            shorthand.sample_index.clone_into(&mut settings.base.sample_index);
        } else if given {
            remarks.push(Message::SampleTypeIgnored { option: shorthand.name });
        }
        settings.base.mean |= given && shorthand.mean;
    }
    let base = match (source.base.is_empty(), source.diff_base.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Base { source: source.base, is_diff: false }),
        (true, false) => Some(Base { source: source.diff_base, is_diff: true }),
        (false, false) => bail!("-base and -diff_base flags cannot both be specified"),
    };
    settings.form = match (source.json, source.csv) {
        (true, true) => bail!("-json and -csv flags cannot both be specified"),
        (true, false) => Form::Json,
        (false, true) => Form::Csv,
        (false, false) => Form::Own,
    };
    if door == Door::Own && settings.names.is_none() {
        // Who says how names are demangled wants to see them so.
        let is_said = ["demangle", "full", "templates"]
            .iter()
            .any(|word| source.symbolize.to_lowercase().contains(word));
        settings.names = Some(if is_said { Names::Full } else { Names::Short });
    }
    let is_top =
        command.as_ref().is_some_and(|(command, _)| matches!(command.name, "top" | "text"));
    if door == Door::Own && is_top && settings.node_count == -1 && settings.form == Form::Own {
        // As in the shell. What a program reads is whole.
        settings.node_count = 10;
    }
    let normalize = settings.normalize;
    if normalize && base.is_none() {
        bail!("must have base profile to normalize by: add -base or -diff_base");
    }
    Ok(Plan {
        door,
        sources,
        executable,
        base,
        normalize,
        fetch: FetchOptions {
            seconds: u64::try_from(source.seconds).unwrap_or(0),
            timeout_seconds: u64::try_from(source.timeout).unwrap_or(0),
            certificate: source.tls_cert,
            key: source.tls_key,
            authorities: source.tls_ca,
        },
        symbolize: source.symbolize,
        build_id: source.build_id,
        limits: limits(&source.max_unpacked)?,
        comment: source.comment,
        all_frames: source.all_frames,
        settings,
        command,
        remarks,
    })
}

/// The limits that the user set: bytes, or with a letter behind them KiB, MiB, GiB or TiB.
fn limits(max_unpacked: &str) -> Result<Limits> {
    let mut limits = Limits::default();
    if max_unpacked.is_empty() {
        return Ok(limits);
    }
    let upper = max_unpacked.to_ascii_uppercase();
    let number = upper.trim_end_matches("IB").trim_end_matches('B');
    let (number, shift) = match number.as_bytes().last() {
        Some(b'K') => (&number[..number.len() - 1], 10),
        Some(b'M') => (&number[..number.len() - 1], 20),
        Some(b'G') => (&number[..number.len() - 1], 30),
        Some(b'T') => (&number[..number.len() - 1], 40),
        _ => (number, 0),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    limits.unpacked_bytes = bytes.with_context(|| {
        format!("max_unpacked: {max_unpacked:?} is no number of bytes, such as 500M or 8G")
    })?;
    Ok(limits)
}

/// Whether a file is an executable or library, judged by its first bytes: ELF, Mach-O, PE, or an
/// archive of them.
pub(crate) fn is_binary(path: &str) -> bool {
    let mut head = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    if read.is_err() {
        return false;
    }
    let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let mach_o = [0xfeed_face, 0xfeed_facf, 0xcefa_edfe, 0xcffa_edfe, 0xcafe_babe];
    head.starts_with(b"\x7fELF")
        || head.starts_with(b"MZ")
        || &head == b"!<arch>\n"
        || mach_o.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{go, low::Typed};

    fn planned(line: &str) -> Result<Plan> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match go::parse(&words)? {
            Typed::Run(low) => plan(Door::Pprof, *low),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_explicit_sample_type_beats_the_shorthands() {
        let plan = planned("-top -inuse_space -mean_delay -sample_index=x p").unwrap();
        assert_eq!(plan.settings.base.sample_index, "x");
        assert!(plan.settings.base.mean);
        assert_eq!(plan.remarks.len(), 2);
    }

    #[test]
    fn the_first_shorthand_in_pprofs_order_wins() {
        let plan = planned("-alloc_space -inuse_space p").unwrap();
        assert_eq!(plan.settings.base.sample_index, "inuse_space");
        assert_eq!(plan.remarks[0].to_string(), "Multiple value selections, ignoring -alloc_space");
    }

    #[test]
    fn limits_are_bytes_with_or_without_a_unit() {
        let bytes = |text: &str| limits(text).map(|limits| limits.unpacked_bytes).ok();
        assert_eq!(bytes(""), Some(4 << 30));
        assert_eq!(bytes("1000"), Some(1000));
        assert_eq!(
            (bytes("8G"), bytes("8gb"), bytes("8GiB")),
            (Some(8 << 30), Some(8 << 30), Some(8 << 30))
        );
        assert_eq!((bytes("G"), bytes("-1"), bytes("99999999T")), (None, None, None));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |line: &str| planned(line).unwrap_err().to_string();
        assert_eq!(refused("-top -tree p"), "must set at most one output format");
        assert_eq!(refused("-top -lines -files p"), "conflicting options set: lines and files");
        assert_eq!(
            refused("-base=a -diff_base=b p"),
            "-base and -diff_base flags cannot both be specified"
        );
        assert_eq!(
            refused("-normalize p"),
            "must have base profile to normalize by: add -base or -diff_base"
        );
        assert_eq!(refused("-no_browser p"), "-no_browser only makes sense with -http");
        assert_eq!(refused("-top"), "no profile source specified");
    }
}
