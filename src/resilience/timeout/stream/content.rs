/// Tells what content is. Closures over `&T` do.
pub trait Content<T> {
    /// Whether this item is what the stream is there for, and not a sign of life.
    fn is_content(&self, item: &T) -> bool;
}

impl<T, F> Content<T> for F
where
    F: Fn(&T) -> bool,
{
    fn is_content(&self, item: &T) -> bool {
        self(item)
    }
}

/// Every item is content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EveryItem;

impl<T> Content<T> for EveryItem {
    fn is_content(&self, _: &T) -> bool {
        true
    }
}
