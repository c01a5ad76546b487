//! The colour of a run of text.
//!
//! Invariant: a colour is opaque red, green and blue, and is written as `#rrggbb`.

use std::fmt;

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    red: u8,
    green: u8,
    blue: u8,
}

impl Color {
    /// Reads what CSS calls a colour: a name, `#rgb`, `#rrggbb`, `rgb(…)`; `None` for anything else.
    pub fn from_css(text: &str) -> Option<Self> {
        let [red, green, blue, _alpha] = csscolorparser::parse(text.trim()).ok()?.to_rgba8();
        Some(Self { red, green, blue })
    }

    /// Its red, green and blue.
    pub fn parts(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { red, green, blue } = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn css_colors_are_read() {
        for (css, color) in [
            ("red", Some("#ff0000")),
            (" DarkOrange ", Some("#ff8c00")),
            ("#0aF", Some("#00aaff")),
            ("#00ff0A", Some("#00ff0a")),
            ("rgb(1, 2, 3)", Some("#010203")),
            ("#12345", None),
            ("#ggg", None),
            ("", None),
            ("url(x)", None),
        ] {
            assert_eq!(Color::from_css(css).map(|color| color.to_string()).as_deref(), color, "{css:?}");
        }
    }
}
