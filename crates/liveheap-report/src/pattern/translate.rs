//! Go's regular expression syntax into that of the `regex` crate.
//!
//! Both descend from RE2, but the same text can mean different things: in Go a `{` that starts no
//! count is a letter (`{{closure}}`), classes do not nest, `\d \w \s \b` know ASCII only and
//! `\Q…\E` quotes. The expression is read once, left to right, and written anew so that nothing in
//! it can mean anything else. Mistakes are reported in Go's words. Groups lose their names and
//! capture nothing.

use std::fmt::Write as _;

/// The largest count of a repetition.
const MOST_REPEATS: u32 = 1000;

/// The names that may stand in `[[:name:]]`.
const NAMED_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// The expression in the syntax of the `regex` crate, or Go's reason why it is none.
pub(super) fn from_go(source: &str) -> Result<String, String> {
    let mut translator = Translator {
        source,
        position: 0,
        out: String::with_capacity(source.len() + 16),
        open_groups: 0,
        can_repeat: false,
        last_repeat: None,
        flags: String::new(),
    };
    translator.expression()?;
    Ok(translator.out)
}

struct Translator<'a> {
    source: &'a str,
    /// Byte offset in `source` of what comes next.
    position: usize,
    out: String,
    open_groups: usize,
    /// Whether something stands before `position` that can be repeated.
    can_repeat: bool,
    /// Where the repetition that ends at `position` starts, if one does.
    last_repeat: Option<usize>,
    /// Groups with flags that are still to be written: in Go what repeats may stand behind them.
    flags: String,
}

impl<'a> Translator<'a> {
    fn expression(&mut self) -> Result<(), String> {
        while let Some(next) = self.peek() {
            let repeat_before = self.last_repeat.take();
            if !matches!(next, '*' | '+' | '?' | '{') {
                self.write_flags();
            }
            match next {
                '(' => self.open_group()?,
                ')' => {
                    if self.open_groups == 0 {
                        return Err(reason("unexpected )", self.source));
                    }
                    self.open_groups -= 1;
                    self.take_char();
                    self.out.push(')');
                    self.can_repeat = true;
                }
                '|' => {
                    self.take_char();
                    self.out.push('|');
                    self.can_repeat = false;
                }
                '*' | '+' | '?' => {
                    let start = self.position;
                    self.take_char();
                    self.repeat(start, repeat_before)?;
                }
                '{' => {
                    let start = self.position;
                    if self.take_count()? {
                        self.repeat(start, repeat_before)?;
                    } else {
                        self.take_char();
                        self.write_flags();
                        self.literal('{');
                    }
                }
                '[' => self.class()?,
                '\\' => self.backslash()?,
                '^' | '$' | '.' => {
                    self.take_char();
                    self.out.push(next);
                    self.can_repeat = true;
                }
                _ => {
                    self.take_char();
                    self.literal(next);
                }
            }
        }
        if self.open_groups > 0 {
            return Err(reason("missing closing )", self.source));
        }
        Ok(())
    }

    fn write_flags(&mut self) {
        self.out.push_str(&self.flags);
        self.flags.clear();
    }

    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_char(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.position += text.len();
        }
        found
    }

    /// What was read since `start`.
    fn since(&self, start: usize) -> &'a str {
        &self.source[start..self.position]
    }

    fn literal(&mut self, letter: char) {
        push_letter(&mut self.out, letter);
        self.can_repeat = true;
    }

    /// Writes the repetition that was read since `start`, with its `?` for "as few as possible".
    fn repeat(&mut self, start: usize, repeat_before: Option<usize>) -> Result<(), String> {
        self.take("?");
        if let Some(before) = repeat_before {
            return Err(reason("invalid nested repetition operator", self.since(before)));
        }
        if !self.can_repeat {
            return Err(reason("missing argument to repetition operator", self.since(start)));
        }
        self.out.push_str(self.since(start));
        self.last_repeat = Some(start);
        Ok(())
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; false (and nothing read) when the brace is a letter.
    fn take_count(&mut self) -> Result<bool, String> {
        let start = self.position;
        self.take("{");
        let Some(least) = self.take_number() else {
            self.position = start;
            return Ok(false);
        };
        let mut most = Some(least);
        if self.take(",") {
            most = if self.rest().starts_with('}') { None } else { self.take_number() };
            if most.is_none() && !self.rest().starts_with('}') {
                self.position = start;
                return Ok(false);
            }
        }
        if !self.take("}") {
            self.position = start;
            return Ok(false);
        }
        let too_much = least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS);
        if too_much || most.is_some_and(|most| most < least) {
            return Err(reason("invalid repeat count", self.since(start)));
        }
        Ok(true)
    }

    /// A number without leading zeros; what is too large for 32 bits becomes the largest.
    fn take_number(&mut self) -> Option<u32> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let digits = &rest[..length];
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        self.position += length;
        Some(digits.parse().unwrap_or(u32::MAX))
    }

    fn open_group(&mut self) -> Result<(), String> {
        let start = self.position;
        self.take("(");
        if !self.take("?") {
            self.out.push_str("(?:");
            self.open_groups += 1;
            self.can_repeat = false;
            return Ok(());
        }
        // Two letters must follow, or Go takes the group for one with flags.
        let named = ["P<", "<"].into_iter().find(|mark| self.rest().starts_with(mark));
        if let Some(mark) = named.filter(|mark| self.rest().len() > mark.len()) {
            self.take(mark);
            let Some(length) = self.rest().find('>') else {
                return Err(reason("invalid named capture", &self.source[start..]));
            };
            let name = &self.rest()[..length];
            self.position += length + 1;
            let valid = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(valid) {
                return Err(reason("invalid named capture", self.since(start)));
            }
            self.out.push_str("(?:");
            self.open_groups += 1;
            self.can_repeat = false;
            return Ok(());
        }
        self.flags(start)
    }

    /// Reads the flags of a group that begins at `start`, up to its `:` or `)`.
    fn flags(&mut self, start: usize) -> Result<(), String> {
        let (mut negated, mut after_minus) = (false, false);
        loop {
            match self.take_char() {
                Some('i' | 'm' | 's' | 'U') => after_minus = false,
                Some('-') if !negated => (negated, after_minus) = (true, true),
                Some(end @ (':' | ')')) if !after_minus => {
                    let written = self.since(start);
                    if end == ':' {
                        self.out.push_str(written);
                        self.open_groups += 1;
                        self.can_repeat = false;
                    } else if written != "(?)" {
                        // `(?)` changes nothing, and the other syntax does not know it.
                        self.flags.push_str(written);
                    }
                    return Ok(());
                }
                _ => return Err(reason("invalid or unsupported Perl syntax", self.since(start))),
            }
        }
    }

    fn backslash(&mut self) -> Result<(), String> {
        for (go, ours) in
            [("\\A", "\\A"), ("\\z", "\\z"), ("\\b", "(?-u:\\b)"), ("\\B", "(?-u:\\B)")]
        {
            if self.take(go) {
                self.out.push_str(ours);
                self.can_repeat = true;
                return Ok(());
            }
        }
        if self.take("\\Q") {
            let quoted = self.rest().split("\\E").next().unwrap_or_default();
            self.position += quoted.len();
            self.take("\\E");
            for letter in quoted.chars() {
                self.literal(letter);
            }
            return Ok(());
        }
        if let Some(class) = self.take_class_escape()? {
            self.out.push('[');
            self.out.push_str(&class);
            self.out.push(']');
            self.can_repeat = true;
            return Ok(());
        }
        let letter = self.take_escape()?;
        self.literal(letter);
        Ok(())
    }

    /// Reads `\d` and the like or `\pL` and the like; the answer is what stands for it in a class.
    fn take_class_escape(&mut self) -> Result<Option<String>, String> {
        let start = self.position;
        let perl = [
            ("\\d", "0-9"),
            ("\\s", "\\x{9}\\x{A}\\x{C}\\x{D}\\x{20}"),
            ("\\w", "0-9A-Za-z_"),
            ("\\D", "[^0-9]"),
            ("\\S", "[^\\x{9}\\x{A}\\x{C}\\x{D}\\x{20}]"),
            ("\\W", "[^0-9A-Za-z_]"),
        ];
        for (go, ours) in perl {
            if self.take(go) {
                return Ok(Some(String::from(ours)));
            }
        }
        let mut negated = self.rest().starts_with("\\P");
        if !self.take("\\p") && !self.take("\\P") {
            return Ok(None);
        }
        let name = if self.take("{") {
            let Some(length) = self.rest().find('}') else {
                return Err(reason("invalid character class range", &self.source[start..]));
            };
            let name = &self.rest()[..length];
            self.position += length + 1;
            name
        } else {
            let letter_start = self.position;
            self.take_char();
            self.since(letter_start)
        };
        let plain = name.strip_prefix('^').unwrap_or(name);
        negated ^= plain.len() != name.len();
        if plain.is_empty() || !plain.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return Err(reason("invalid character class range", self.since(start)));
        }
        let class = format!("\\{}{{{plain}}}", if negated { 'P' } else { 'p' });
        if regex::bytes::Regex::new(&class).is_err() {
            return Err(reason("invalid character class range", self.since(start)));
        }
        Ok(Some(class))
    }

    /// Reads a backslash and the letter that it stands for.
    fn take_escape(&mut self) -> Result<char, String> {
        let start = self.position;
        self.take("\\");
        let Some(letter) = self.take_char() else {
            return Err(reason("trailing backslash at end of expression", ""));
        };
        let octal = |c: Option<char>| c.is_some_and(|c| ('0'..='7').contains(&c));
        let code = match letter {
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            'x' => self.take_hexadecimal(),
            // One digit other than 0 would be a back reference, which neither syntax has.
            '1'..='7' if !octal(self.peek()) => None,
            '0'..='7' => {
                let mut code = letter.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if !octal(self.peek()) {
                        break;
                    }
                    code = code * 8 + self.take_char().and_then(|c| c.to_digit(8)).unwrap_or(0);
                }
                Some(code)
            }
            _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => Some(u32::from(letter)),
            _ => None,
        };
        code.and_then(char::from_u32)
            .ok_or_else(|| reason("invalid escape sequence", self.since(start)))
    }

    fn take_hexadecimal(&mut self) -> Option<u32> {
        let digit = |c: Option<char>| c.and_then(|c| c.to_digit(16));
        if !self.take("{") {
            let (high, low) = (digit(self.take_char()), digit(self.take_char()));
            return Some(high? * 16 + low?);
        }
        let mut code = digit(self.take_char())?;
        while !self.take("}") {
            code = code * 16 + digit(self.take_char())?;
            if code > u32::from(char::MAX) {
                return None;
            }
        }
        Some(code)
    }

    fn class(&mut self) -> Result<(), String> {
        let start = self.position;
        self.take("[");
        let opening = if self.take("^") { "[^" } else { "[" };
        self.out.push_str(opening);
        let mut first = true;
        while first || !self.rest().starts_with(']') {
            first = false;
            if self.named_class()? {
                continue;
            }
            if let Some(class) = self.take_class_escape()? {
                self.out.push_str(&class);
                continue;
            }
            self.class_range(start)?;
        }
        self.take("]");
        self.out.push(']');
        self.can_repeat = true;
        Ok(())
    }

    /// Reads `[:name:]`; false when nothing of the kind stands here.
    fn named_class(&mut self) -> Result<bool, String> {
        if !self.rest().starts_with("[:") {
            return Ok(false);
        }
        let Some(length) = self.rest()[2..].find(":]") else { return Ok(false) };
        let whole = &self.rest()[..length + 4];
        let name = &whole[2..length + 2];
        if !NAMED_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(reason("invalid character class range", whole));
        }
        self.position += whole.len();
        self.out.push_str(whole);
        Ok(true)
    }

    /// Reads one letter or a range of letters of the class that begins at `class_start`.
    fn class_range(&mut self, class_start: usize) -> Result<(), String> {
        let start = self.position;
        let low = self.class_letter(class_start)?;
        push_letter(&mut self.out, low);
        let rest = self.rest();
        if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
            self.take("-");
            let high = self.class_letter(class_start)?;
            if high < low {
                return Err(reason("invalid character class range", self.since(start)));
            }
            self.out.push('-');
            push_letter(&mut self.out, high);
        }
        Ok(())
    }

    fn class_letter(&mut self, class_start: usize) -> Result<char, String> {
        match self.peek() {
            None => Err(reason("missing closing ]", &self.source[class_start..])),
            Some('\\') => self.take_escape(),
            Some(letter) => {
                self.take_char();
                Ok(letter)
            }
        }
    }
}

/// Writes a letter so that it stands for itself, in a class and outside of one.
fn push_letter(out: &mut String, letter: char) {
    if letter.is_ascii() && !letter.is_ascii_alphanumeric() && letter != '_' {
        write!(out, "\\x{{{:X}}}", u32::from(letter)).expect("a String takes every text");
    } else {
        out.push(letter);
    }
}

fn reason(what: &str, where_: &str) -> String {
    format!("error parsing regexp: {what}: `{where_}`")
}

#[cfg(test)]
mod tests {
    use crate::pattern::Pattern;

    #[track_caller]
    fn check(source: &str, matches: &[&str], others: &[&str]) {
        let pattern = Pattern::new(source).unwrap();
        for text in matches {
            assert!(pattern.is_match(text), "{source} should match {text}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{source} should not match {text}");
        }
    }

    #[track_caller]
    fn fails(source: &str, message: &str) {
        let reason = Pattern::new(source).unwrap_err();
        assert_eq!(reason, format!("error parsing regexp: {message}"));
    }

    #[test]
    fn a_brace_without_a_count_is_a_letter() {
        check("{{closure}}", &["main::{{closure}}"], &["main::closure"]);
        check("a{,2}", &["a{,2}"], &["aa"]);
        check("a{2,3}$", &["xaa"], &["a"]);
        check("a{02}", &["a{02}"], &["aa"]);
    }

    #[test]
    fn classes_do_not_nest_and_have_no_set_operations() {
        check("^[a[b]$", &["["], &["]"]);
        check("^[a&&b]$", &["&"], &["c"]);
        check("^[]a]$", &["]"], &["b"]);
        check("^[^]a]$", &["b", "\n"], &["]"]);
        check("^[a-]$", &["-"], &["b"]);
        check("^[[:^alpha:]x]$", &["1", "x"], &["a"]);
        check(r"^[\W\d]$", &["1", " "], &["a"]);
        check(r"^[\-\]]$", &["-", "]"], &["\\"]);
    }

    #[test]
    fn perl_classes_are_ascii() {
        check(r"^\w+$", &["az_9"], &["é"]);
        check(r"^\d$", &["7"], &["٧"]);
        check(r"\bb", &["éb", "a b"], &["ab"]);
        check(r"a\B", &["ab"], &["aé"]);
    }

    #[test]
    fn escapes_are_those_of_go() {
        check(r"\Qa.b(\E.", &["a.b(x"], &["axb(x"]);
        check(r"^\x41\x{42}\103\0$", &["ABC\0"], &["ABC"]);
        check(r"\<a\>", &["<a>"], &["a"]);
        check(r"^\p{Lu}\pL\P{L}\p{^L}$", &["Az12"], &["zz12"]);
        check(r"\Aa\z", &["a"], &["a\n"]);
    }

    #[test]
    fn groups_and_flags_pass() {
        check("(?P<x>a)(?<y>b)(?:c)(d)", &["abcd"], &["abc"]);
        check("(?i)AB(?-i:C)", &["abC"], &["abc"]);
        check("^ab(?i)*C(?-i){2}d$", &["abbccd"], &["abbcc"]);
        check("(?s:a.b)|()x", &["a\nb"], &["ab"]);
        check("", &["", "a"], &[]);
    }

    #[test]
    fn mistakes_are_named_in_the_words_of_go() {
        fails("a(b", "missing closing ): `a(b`");
        fails("a)b", "unexpected ): `a)b`");
        fails("x[ab", "missing closing ]: `[ab`");
        fails("*", "missing argument to repetition operator: `*`");
        fails("a|+b", "missing argument to repetition operator: `+`");
        fails("(?:*?)", "missing argument to repetition operator: `*?`");
        fails("xa**", "invalid nested repetition operator: `**`");
        fails("xa*?{2}b", "invalid nested repetition operator: `*?{2}`");
        fails("a{1001}", "invalid repeat count: `{1001}`");
        fails("a{3,2}", "invalid repeat count: `{3,2}`");
        fails("[z-a]", "invalid character class range: `z-a`");
        fails("[[:foo:]]", "invalid character class range: `[:foo:]`");
        fails(r"\p{", r"invalid character class range: `\p{`");
        fails(r"a\y", r"invalid escape sequence: `\y`");
        fails(r"(a)\1", r"invalid escape sequence: `\1`");
        fails(r"\C", r"invalid escape sequence: `\C`");
        fails("a\\", "trailing backslash at end of expression: ``");
        fails("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
        fails("(?x)a", "invalid or unsupported Perl syntax: `(?x`");
        fails("(?P<a", "invalid named capture: `(?P<a`");
        fails("(?<=a>b)", "invalid named capture: `(?<=a>`");
        fails("(?<", "invalid or unsupported Perl syntax: `(?<`");
        fails("(?i", "invalid or unsupported Perl syntax: `(?i`");
        fails(r"\p{Foo}", r"invalid character class range: `\p{Foo}`");
        fails(r"\x(a)", r"invalid escape sequence: `\x(a`");
        fails("(?P<a.>b)", "invalid named capture: `(?P<a.>`");
    }
}
