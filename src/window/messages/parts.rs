//! The widgets of the page, and where they are.
//!
//! Invariant: nothing here knows what the widgets show.

use adw::prelude::*;
use gtk::glib;

use super::empty::Empty;
use super::status_line::StatusLine;
use crate::window::accessible;
use crate::window::stack::show_only;
use crate::window::words::tr;

/// The widgets of the page, besides the list and the detail pane.
pub(in crate::window) struct Parts {
    /// The list on one side, the message on the other; one of them on a narrow window.
    pub(in crate::window) content: adw::Leaflet,
    /// What is around it.
    pub(in crate::window) toasts: adw::ToastOverlay,
    /// The status under the title.
    subtitle: gtk::Label,
    /// The bar above the list.
    pub(in crate::window) list_header: adw::HeaderBar,
    pub(super) search: gtk::SearchEntry,
    pub(super) copy: gtk::Button,
    pub(super) unread: gtk::Button,
    pub(super) delete: gtk::Button,
    pub(super) status_line: StatusLine,
    pub(super) list_stack: gtk::Stack,
    pub(super) list_scroll: gtk::ScrolledWindow,
    pub(super) empty: Empty,
}

impl Parts {
    /// Puts them around the list, the detail pane and the button for filters.
    pub(super) fn new(list: &gtk::ListView, detail: &gtk::Stack, filter: &gtk::MenuButton) -> Self {
        let search =
            gtk::SearchEntry::builder().hexpand(true).placeholder_text(tr("Search messages")).build();
        // A search takes a few milliseconds, and one that is no longer wanted is not carried out.
        search.set_search_delay(0);
        accessible::name(&search, tr("Search messages"));
        let tools = gtk::Box::builder().spacing(6).css_classes(["list-tools"]).build();
        tools.append(&search);
        tools.append(filter);

        let list_scroll =
            gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).vexpand(true).build();
        list_scroll.set_child(Some(list));
        let empty = Empty::new();
        let list_stack = gtk::Stack::new();
        list_stack.add_named(&list_scroll, Some("list"));
        list_stack.add_named(&empty.page, Some("empty"));
        show_only(&list_stack, "list");

        let (title, subtitle) = title();
        let list_header = adw::HeaderBar::builder().title_widget(&title).build();
        let list_side =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).width_request(340).build();
        let status_line = StatusLine::new();
        list_side.append(&list_header);
        list_side.append(&status_line.frame);
        list_side.append(&tools);
        list_side.append(&list_stack);

        let icon_button = |icon: &str, words: &str| {
            let button = gtk::Button::builder().icon_name(icon).tooltip_text(words).sensitive(false).build();
            accessible::name(&button, words);
            button
        };
        let copy = icon_button("edit-copy-symbolic", tr("Copy the message"));
        let unread = icon_button("mail-unread-symbolic", tr("Mark as unread"));
        let delete = icon_button("user-trash-symbolic", tr("Delete"));
        let detail_title = adw::WindowTitle::new("", "");
        let detail_header = adw::HeaderBar::builder().title_widget(&detail_title).build();
        let back = gtk::Button::builder().icon_name("go-previous-symbolic").tooltip_text(tr("Back")).build();
        accessible::name(&back, tr("Back"));
        detail_header.pack_start(&back);
        detail_header.pack_end(&delete);
        detail_header.pack_end(&unread);
        detail_header.pack_end(&copy);
        let detail_side = gtk::Box::builder().orientation(gtk::Orientation::Vertical).hexpand(true).build();
        detail_side.append(&detail_header);
        detail_side.append(detail);
        detail.set_vexpand(true);

        let content = adw::Leaflet::builder().can_navigate_back(true).build();
        content.append(&list_side);
        let line = gtk::Separator::new(gtk::Orientation::Vertical);
        content.append(&line).set_navigatable(false);
        content.append(&detail_side);
        // A long status makes one of them higher.
        let headers = gtk::SizeGroup::new(gtk::SizeGroupMode::Vertical);
        headers.add_widget(&list_header);
        headers.add_widget(&detail_header);
        content.bind_property("folded", &list_header, "show-end-title-buttons").sync_create().build();
        content.bind_property("folded", &detail_header, "show-start-title-buttons").sync_create().build();
        content.bind_property("folded", &back, "visible").sync_create().build();
        back.connect_clicked(glib::clone!(
            #[weak]
            content,
            move |_| {
                content.navigate(adw::NavigationDirection::Back);
            }
        ));
        let toasts = adw::ToastOverlay::new();
        toasts.set_child(Some(&content));
        Self {
            content,
            toasts,
            subtitle,
            list_header,
            search,
            copy,
            unread,
            delete,
            status_line,
            list_stack,
            list_scroll,
            empty,
        }
    }

    /// Shows the status under the title.
    pub(super) fn set_status(&self, words: &str) {
        self.subtitle.set_text(words);
        self.subtitle.set_visible(!words.is_empty());
        self.subtitle.set_tooltip_text(Some(words).filter(|words| !words.is_empty()));
    }
}

/// The title, and the label under it. In an `AdwWindowTitle` the status would be cut where the text is large.
fn title() -> (gtk::Box, gtk::Label) {
    let label = |style: &str| {
        let label = gtk::Label::builder().ellipsize(gtk::pango::EllipsizeMode::End);
        label.justify(gtk::Justification::Center).css_classes([style]).build()
    };
    let (title, subtitle) = (label("title"), label("subtitle"));
    title.set_text("Handover");
    subtitle.set_wrap(true);
    subtitle.set_lines(2);
    subtitle.set_visible(false);
    let both = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
    both.set_valign(gtk::Align::Center);
    both.set_margin_top(4);
    both.set_margin_bottom(4);
    both.append(&title);
    both.append(&subtitle);
    (both, subtitle)
}
