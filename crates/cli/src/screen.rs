//! What may be shown on a terminal.

/// `text` without what a terminal takes for a command: whoever sends a frame must not move the cursor of whoever watches.
/// What is replaced is written as JSON writes it, so within a string of JSON it is still the same.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if is_command(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Control characters, and those that turn the direction of a line.
fn is_command(char: char) -> bool {
    char.is_control() || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_command_a_terminal_is_written_as_json_does_and_means_the_same() {
        let text = "\"\u{9b}2J \u{202e}ab\u{7f} \u{e9} \u{1f600}\"";
        let shown = printable(text);
        assert_eq!(shown, "\"\\u009b2J \\u202eab\\u007f \u{e9} \u{1f600}\"");
        let read = |text: &str| serde_json::from_str::<String>(text).unwrap();
        assert_eq!(read(&shown), read(text));
        assert_eq!(printable("a\x1b[31m\n"), "a\\u001b[31m\\u000a");
    }
}
