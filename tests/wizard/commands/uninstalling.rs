//! Removing everything, which a person is asked about on a terminal.

use crate::harness::Harness;
use crate::terminal::Terminal;

#[test]
fn everything_is_removed_only_when_a_person_agrees() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    harness.finished(wizard);
    for (answer, said, is_left) in [("", "nothing was removed", true), ("y", "everything was removed", false)]
    {
        let mut terminal = Terminal::start(&harness.command(&["uninstall"]));
        let shown = terminal.until("Remove everything? [y/N] ");
        assert!(shown.contains("with all messages") && shown.contains("data/handover"), "{shown}");
        terminal.type_line(answer);
        let finished = terminal.ended();
        assert_eq!(finished.code, 0, "{}", finished.text);
        assert!(finished.text.contains(said), "{}", finished.text);
        assert_eq!(harness.login().is_some(), is_left, "{answer:?}");
        assert_eq!(harness.left_behind().is_empty(), !is_left, "{:?}", harness.left_behind());
    }
}
