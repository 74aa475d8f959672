//! What nobody is to see who looks at a state: it is printed as `…`.

use core::fmt;
use core::ops::{Deref, DerefMut};
use serde::{Deserialize, Serialize};

/// A value that its `Debug` does not show: a token, what tokens are made of, and bytes that may have one in them.
///
/// ```
/// assert_eq!(format!("{:?}", chat_core::Secret("0123")), "…");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T> Deref for Secret<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Secret<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
