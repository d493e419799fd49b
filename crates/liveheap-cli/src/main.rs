//! The command `liveheap`: reports and a shell over heap profiles, and a drop-in for
//! `go tool pprof`.
//!
//! A command line becomes a plan ([`options`]), the plan's sources become one profile ([`fetch`],
//! [`names`], [`save`]), and the profile answers one request or those typed into a shell
//! ([`session`], [`shell`], [`output`]); [`doctor`] looks at the profile itself. Exit status: 0, or 2 after a line on standard error that
//! says what went wrong. That no one reads the output any more is no failure.

mod binaries;
mod doctor;
mod external;
mod fetch;
mod messages;
mod names;
mod options;
mod output;
mod rust_names;
mod save;
mod session;
mod shell;
mod sources;
mod time_zone;

use anyhow::{Context, Result, anyhow};
use messages::{say, say_plain};
use options::Door;
use options::commands::Question;
use options::high::{Plan, plan};
use options::low::Typed;
use options::{completions, gnu, go, help, manual, own_help};
use output::{Asker, Shown};
use session::Session;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// What a command line that cannot be carried out exits with.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let mut words: Vec<OsString> = words.collect();
    let door = door(&program, &mut words);
    match run(door, words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            match door {
                Door::Pprof => say_plain(format_args!("{error:#}")),
                Door::Own => say_plain(format_args!("liveheap: {error:#}")),
            }
            ExitCode::from(FAILED)
        }
    }
}

/// Which door the user came through; the word that says so is taken off.
fn door(program: &OsString, words: &mut Vec<OsString>) -> Door {
    let name = Path::new(program).file_stem().unwrap_or_default();
    if name == "pprof" {
        return Door::Pprof;
    }
    if words.first().is_some_and(|first| first == "pprof") {
        words.remove(0);
        return Door::Pprof;
    }
    Door::Own
}

fn run(door: Door, words: Vec<OsString>) -> Result<()> {
    let words = words
        .into_iter()
        .map(|word| word.into_string().map_err(|word| anyhow!("{word:?} is not UTF-8")))
        .collect::<Result<Vec<String>>>()?;
    let typed = match door {
        Door::Pprof => go::parse(&words)?,
        Door::Own => gnu::parse(&words)?,
    };
    match (typed, door) {
        (Typed::Run(low), Door::Pprof) if low.operands.is_empty() => {
            say_plain(help::pprof_usage());
            Err(anyhow!("no profile source specified"))
        }
        (Typed::Run(low), _) => carry_out(plan(door, *low)?),
        (Typed::Help(_), Door::Pprof) => {
            say_plain(help::pprof_usage());
            Ok(())
        }
        (Typed::Help(topic), Door::Own) => print(&own_help(&topic)?),
        (Typed::Version, _) => print(concat!("liveheap ", env!("CARGO_PKG_VERSION"), "\n")),
    }
}

fn own_help(topic: &str) -> Result<String> {
    match topic.split(' ').collect::<Vec<_>>().as_slice() {
        [""] => Ok(own_help::usage()),
        ["man"] => Ok(manual::manual()),
        ["pprof"] => Ok(help::pprof_usage()),
        ["completions", shell @ ..] => completions::script(&shell.join(" ")).with_context(|| {
            let shells = completions::SHELLS.join(" or ");
            format!("write `liveheap help completions SHELL`, where SHELL is {shells}")
        }),
        _ => own_help::topic(topic)
            .with_context(|| format!("no help on {topic}: `liveheap help` lists everything")),
    }
}

fn print(text: &str) -> Result<()> {
    output::to_standard_output(|out| out.write_all(text.as_bytes()))
}

fn carry_out(plan: Plan) -> Result<()> {
    for remark in &plan.remarks {
        say(remark);
    }
    if let Some((command, _)) = &plan.command
        && matches!(command.question, Question::Doctor)
    {
        return doctor::run(plan);
    }
    let gathered = fetch::gather(&plan)?;
    let is_remote = !gathered.origins.is_empty();
    let mut profile = names::name(gathered.profile, &gathered.origins, &plan)?;
    if !plan.comment.is_empty() {
        profile = with_comment(profile, &plan.comment);
    }
    if is_remote {
        save::keep_copy(&profile);
    }
    let Plan { door, settings, command, .. } = plan;
    let Some((command, pattern)) = command else {
        return shell::run(&Session::lasting(door, profile), settings);
    };
    let answer = Session::new(door, profile).ask_once(command, pattern, &settings)?;
    for note in &answer.notes {
        say_plain(note);
    }
    let mut shown = Shown::default();
    output::deliver(&answer, command, &settings, Asker::CommandLine, &mut shown)
}

fn with_comment(
    mut profile: liveheap_profile::Profile,
    comment: &str,
) -> liveheap_profile::Profile {
    let mut strings = liveheap_profile::Interner::resume(std::mem::take(&mut profile.strings));
    profile.comments.push(strings.intern(comment));
    profile.strings = strings.finish();
    profile
}
