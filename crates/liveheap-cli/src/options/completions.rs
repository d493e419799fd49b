//! Completion of words in bash, zsh and fish, made from the tables.
//!
//! The scripts complete commands, options, the values of options that are one of a few words, and
//! file names everywhere else. They run nothing of ours.

use super::listing::{self, Listed};
use std::fmt::Write;

/// The shells.
pub(crate) const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// Words that are neither reports nor options, and what they do.
const OTHERS: &[(&str, &str)] =
    &[("help", "Say more about a command or an option"), ("pprof", "Exactly as go tool pprof")];

/// The script for a shell, or `None` for a shell that is not one of [`SHELLS`].
pub(crate) fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        "zsh" => Some(zsh()),
        "fish" => Some(fish()),
        _ => None,
    }
}

/// All commands with what they do.
fn commands() -> Vec<(&'static str, &'static str, bool)> {
    let groups = listing::commands().into_iter().flat_map(|group| group.members);
    let mut commands: Vec<_> = groups
        .map(|command| (command.name, command.description, command.takes_pattern()))
        .chain(OTHERS.iter().map(|&(name, help)| (name, help, false)))
        .collect();
    commands.sort_unstable();
    commands
}

fn options() -> Vec<Listed> {
    let mut options: Vec<Listed> =
        listing::options().into_iter().flat_map(|group| group.members).collect();
    for (letter, name, help) in [('h', "help", "Print help"), ('V', "version", "Print the version")]
    {
        options.push(Listed {
            letter: Some(letter),
            name: name.to_owned(),
            value: "",
            is_on: false,
            words: Vec::new(),
            help: vec![help],
        });
    }
    options
}

fn bash() -> String {
    let options = options();
    let mut names = Vec::new();
    let mut cases = String::new();
    for option in &options {
        let equals = if option.value.is_empty() { "" } else { "=" };
        names.extend(option.long_names().iter().map(|name| format!("--{name}{equals}")));
        let letter = option.letter.map_or_else(String::new, |letter| format!("-{letter}|"));
        let reply = match (option.words.is_empty(), option.takes_file()) {
            _ if option.value.is_empty() => continue,
            (false, _) => {
                format!("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", option.words.join(" "))
            }
            (true, true) => String::from("compopt -o default"),
            (true, false) => String::from(":"),
        };
        let _ = writeln!(cases, "        {letter}--{}) {reply}; return ;;", option.name);
    }
    let commands: Vec<&str> = commands().into_iter().map(|(name, ..)| name).collect();
    format!(
        "# bash completion for liveheap
_liveheap() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    COMPREPLY=()
    # bash takes `--name=value` for three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case $before in
{cases}    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W '{0}' -- \"$word\"))
        [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    else
        compopt -o default
        if [[ ${{COMP_WORDS[1]}} == help ]] && ((COMP_CWORD > 1)); then
            COMPREPLY=($(compgen -W '{1} {2}' -- \"$word\"))
        elif ((COMP_CWORD == 1)); then
            COMPREPLY=($(compgen -W '{1}' -- \"$word\") $(compgen -f -- \"$word\"))
        fi
    fi
}}
complete -F _liveheap liveheap
",
        names.join(" "),
        commands.join(" "),
        options.iter().map(|option| option.name.as_str()).collect::<Vec<_>>().join(" "),
    )
}

fn zsh() -> String {
    // Behind a colon, in brackets, in single quotes.
    let escaped = |text: &str| {
        text.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
    };
    let mut lines = String::new();
    for option in options() {
        let value = match (option.words.is_empty(), option.takes_file()) {
            _ if option.value.is_empty() => String::new(),
            (false, _) => format!(":{}:({})", option.value, option.words.join(" ")),
            (true, true) => format!(":{}:_files", option.value),
            (true, false) => format!(":{}: ", option.value),
        };
        let equals = if option.value.is_empty() { "" } else { "=" };
        let help = escaped(option.help[0]);
        for name in option.long_names() {
            let _ = writeln!(lines, "        '--{name}{equals}[{help}]{value}' \\");
        }
        if let Some(letter) = option.letter {
            let plus = if option.value.is_empty() { "" } else { "+" };
            let _ = writeln!(lines, "        '-{letter}{plus}[{help}]{value}' \\");
        }
    }
    let mut names = String::new();
    for (name, help, _) in commands() {
        let _ = writeln!(names, "        '{name}:{}'", escaped(help));
    }
    format!(
        "#compdef liveheap
_liveheap_first() {{
    local -a commands=(
{names}    )
    _describe command commands
    _files
}}
_liveheap() {{
    _arguments \\
{lines}        '1: :_liveheap_first' \\
        '*:source:_files'
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _liveheap \"$@\"
else
    compdef _liveheap liveheap
fi
"
    )
}

fn fish() -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let mut text = String::from("# fish completion for liveheap\n");
    for (name, help, _) in commands() {
        let help = escaped(help);
        let _ =
            writeln!(text, "complete -c liveheap -n __fish_use_subcommand -a {name} -d '{help}'");
    }
    for option in options() {
        let letter = option.letter.map_or_else(String::new, |letter| format!(" -s {letter}"));
        let value = match (option.words.is_empty(), option.takes_file()) {
            _ if option.value.is_empty() => String::new(),
            (false, _) => format!(" -x -a '{}'", option.words.join(" ")),
            (true, true) => String::from(" -r -F"),
            (true, false) => String::from(" -x"),
        };
        let help = escaped(option.help[0]);
        for (position, name) in option.long_names().iter().enumerate() {
            let letter = if position == 0 { letter.as_str() } else { "" };
            let _ = writeln!(text, "complete -c liveheap{letter} -l {name}{value} -d '{help}'");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Door, commands as reports};

    #[test]
    fn every_command_and_option_is_in_every_script() {
        let [bash, zsh, fish] = ["bash", "zsh", "fish"].map(|shell| script(shell).unwrap());
        for option in listing::options().iter().flat_map(|group| &group.members) {
            for name in option.long_names() {
                let equals = if option.value.is_empty() { "" } else { "=" };
                assert!(bash.contains(&format!("--{name}{equals} ")), "{name}");
                assert!(zsh.contains(&format!("'--{name}{equals}[")), "{name}");
                assert!(fish.contains(&format!(" -l {name} ")), "{name}");
            }
        }
        for command in reports::behind(Door::Own) {
            let name = command.name;
            assert!(bash.split([' ', '\'']).any(|word| word == name), "{name}");
            assert!(zsh.contains(&format!("'{name}:")), "{name}");
            assert!(fish.contains(&format!(" -a {name} ")), "{name}");
        }
    }

    #[test]
    fn what_is_one_of_a_few_words_is_completed_to_them() {
        assert!(
            bash().contains("--names) COMPREPLY=($(compgen -W 'short full raw' -- \"$word\"))")
        );
        assert!(zsh().contains(":WORD:(short full raw)'"));
        assert!(fish().contains(" -l names -x -a 'short full raw' "));
    }

    #[test]
    fn other_shells_have_no_script() {
        assert_eq!(script("tcsh"), None);
    }
}
