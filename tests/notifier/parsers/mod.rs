//! What is sent is shown as it was meant by each server's own parser.
//!
//! Invariant: the parsers are written after the sources of the servers, and share nothing with the program.

mod servers;
mod xml;

use handover::desktop::notifier::markup::{Markup, render};
use handover::domain::text::Text;

use self::servers::Seen;

/// A server: its name, what of its capabilities matters to markup, and its parser.
struct Server {
    name: &'static str,
    has_links: bool,
    has_fonts: bool,
    read: fn(&str) -> Seen,
}

const SERVERS: [Server; 10] = [
    Server { name: "gnome-shell", has_links: false, has_fonts: false, read: servers::gnome_shell },
    Server { name: "Phosh Notify Daemon", has_links: false, has_fonts: false, read: servers::gnome_shell },
    Server { name: "Plasma", has_links: true, has_fonts: false, read: servers::plasma },
    Server { name: "dunst", has_links: true, has_fonts: true, read: servers::dunst },
    Server { name: "mako", has_links: false, has_fonts: true, read: servers::mako },
    Server { name: "SwayNotificationCenter", has_links: false, has_fonts: false, read: servers::swaync },
    Server {
        name: "SwayNotificationCenter",
        has_links: false,
        has_fonts: false,
        read: servers::swaync_before_0_10,
    },
    Server {
        name: "Xfce Notify Daemon",
        has_links: true,
        has_fonts: true,
        read: servers::xfce4_notifyd_before_0_9_3,
    },
    // It drops the font.
    Server { name: "Xfce Notify Daemon", has_links: true, has_fonts: false, read: servers::xfce4_notifyd },
    Server {
        name: "lxqt-notificationd",
        has_links: true,
        has_fonts: false,
        read: servers::lxqt_notificationd,
    },
];

impl Server {
    fn show(&self, text: &Text) -> Seen {
        let words = ["body-markup", "body-hyperlinks"].map(str::to_owned);
        let words = if self.has_links { &words[..] } else { &words[..1] };
        let body = render(text, Markup::of_server(self.name, words));
        (self.read)(&body)
    }
}

/// Text without a link, as senders write it by mistake or on purpose.
const HOSTILE: [&str; 22] = [
    "Don't \"quote\" me",
    "Don&#39;t &apos;quote&apos; &quot;me&quot;",
    "1 < 2 && 3 > 2; a<b",
    "R&D, AT&T; &unknown; &amp &#x; &",
    "&amp;&lt;&gt; &amp;amp;lt;",
    "<b>bold</b> and <B>BOLD</B>",
    "</b></i></u>",
    "<b><i>crossed</b></i>",
    "<img src=\"https://evil.example/x.png\" alt=\"y\">",
    "<a href=\"https://evil.example/\">good.example</a>",
    "<span size=\"99999\" foreground=\"red\">big</span>",
    "<tt>font</tt><br><br/><hr>",
    "<markup>x</markup><html>y</html>",
    "<!-- comment --><![CDATA[x]]><?x?>",
    "<script>alert(1)</script>",
    "&lt;b&gt;not bold&lt;/b&gt;",
    "&lt;&lt;b&gt;&gt;",
    "%s %n %b %a",
    "a\\nb \\t \\\\",
    "日本語 é 👩\u{200d}🔬 \u{200f}שלום",
    "]]> -->",
    "<<b>>",
];

#[test]
fn plain_text_is_shown_as_it_is() {
    for server in SERVERS {
        for text in HOSTILE {
            let seen = server.show(&Text::from_plain(text));
            assert_eq!(seen, Seen { words: text.to_owned(), ..Seen::default() }, "{}", server.name);
        }
    }
}

#[test]
fn text_in_a_style_is_shown_in_that_style() {
    for server in SERVERS {
        for text in HOSTILE {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            let html =
                format!("a <b>{escaped}</b> <font color=red><i>{escaped}</i></font><br><u>{escaped}</u>");
            let seen = server.show(&Text::from_html(&html));
            let expected =
                Seen { words: format!("a {text} {text}\n{text}"), bold: text.to_owned(), ..Seen::default() };
            assert_eq!(seen, expected, "{}", server.name);
        }
    }
}

#[test]
fn monospaced_text_is_shown_as_such_where_the_server_can() {
    for server in SERVERS {
        for text in HOSTILE {
            let seen = server.show(&Text::from_plain(text).monospaced());
            let monospace = if server.has_fonts { text } else { "" }.to_owned();
            assert_eq!(
                seen,
                Seen { words: text.to_owned(), monospace, ..Seen::default() },
                "{}",
                server.name
            );
        }
    }
}

#[test]
fn every_address_is_seen_or_can_be_clicked() {
    for server in SERVERS {
        for address in [
            "https://a.example/x",
            "https://a.example/?x=1&y=2",
            "https://a.example/?q=\"'<b>&amp;",
            "mailto:a@b.example",
        ] {
            let html = address.replace('&', "&amp;").replace('"', "&quot;");
            let seen = server.show(&Text::from_html(&format!("see <a href=\"{html}\">the log</a>!")));
            if seen.links.is_empty() {
                assert_eq!(seen.words, format!("see the log ({address})!"), "{}", server.name);
            } else {
                assert!(server.has_links, "{}", server.name);
                assert_eq!(
                    (seen.words.as_str(), seen.links),
                    ("see the log!", vec![address.to_owned()]),
                    "{}",
                    server.name
                );
            }
        }
    }
}

#[test]
fn lines_stay_apart() {
    for server in SERVERS {
        assert_eq!(
            server.show(&Text::from_plain("one & two\nthree")).words,
            "one & two\nthree",
            "{}",
            server.name
        );
    }
}

#[test]
fn the_parsers_differ_where_the_servers_do() {
    let read = |body: &str| SERVERS.map(|server| (server.read)(body).words);
    let numeric = read("Don&#39;t");
    assert_eq!((numeric[0].as_str(), numeric[2].as_str()), ("Don&#39;t", "Don't"));
    let address = "<a href=\"https://a.example/?x&amp;y\">l</a>";
    assert_eq!(servers::xfce4_notifyd(address).words, "", "the whole body is lost");
    assert_eq!(servers::gnome_shell("<tt>x</tt>").words, "<tt>x</tt>");
    assert_eq!(servers::swaync_before_0_10("<tt>x</tt>").words, "<tt>x</tt>");
    assert_eq!(servers::mako("a & <b>b</b>").words, "a & <b>b</b>");
}
