//! A list that is too long for one envelope.

/// One page at least.
pub(super) fn pages<T>(items: Vec<T>, page_bytes: usize, size: impl Fn(&T) -> usize) -> impl Iterator<Item = Vec<T>> {
    let (mut pages, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
    for item in items {
        let more = size(&item);
        if bytes + more > page_bytes && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            bytes = 0;
        }
        bytes += more;
        page.push(item);
    }
    pages.push(page);
    pages.into_iter()
}
