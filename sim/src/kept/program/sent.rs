//! Whether what a program is sent is what is kept.

use super::parsed;
use crate::invariant::Invariant;
use crate::kept::disk::Disk;
use crate::model::rules::words;
use chat_core::json::{Entry, OrderOf};
use chat_core::{Kind, Name, Order};

/// Whether an entry that is sent is the one that is kept.
pub(super) fn is_kept(entry: &Entry<'_>, disk: &Disk) {
    let kept = disk.entry(&parsed(Some(&entry.room)), entry.seq);
    let is_same = kept.is_some_and(|kept| {
        let text = entry.text.as_deref().unwrap_or_default();
        let is_it = match kept.kind {
            Kind::Order => is_order(&kept.text, text, entry.order.as_ref()),
            _ => *kept.text == *text && entry.order.is_none(),
        };
        is_it
            && kept.name.as_str() == entry.name
            && kept.kind == entry.kind
            && kept.at == entry.at
            && kept.id.as_deref() == entry.id.as_deref()
    });
    Invariant::Kept.holds(is_same, || format!("{entry:?} is sent, {kept:?} is kept"));
}

/// Whether an order that is sent, in words and for programs, is the one that is kept. Its address may be left out.
fn is_order(kept: &str, text: &str, order: Option<&OrderOf<'_>>) -> bool {
    let (Some(kept), Some(order)) = (Order::parse(kept), order) else {
        return false;
    };
    let whom = kept.whom().map(Name::as_str);
    let reason = Some(kept.reason()).filter(|reason| !reason.is_empty());
    words(&kept) == text
        && kept.kind() == order.kind
        && whom == order.whom.as_deref()
        && kept.time() == order.for_s
        && reason == order.reason.as_deref()
        && (order.on.is_some() == matches!(kept, Order::Private(_)))
        && (order.seconds.is_some() == matches!(kept, Order::Slow(_)))
}
