//! The indices that tie the tables of a profile together.
//!
//! Each is valid for one profile only, the one whose table it was taken from. They are positions
//! (0-based) in a table, not the ids that stand in a file: those are kept as `id` fields.

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The index for a table position.
            ///
            /// # Panics
            /// When `position` does not fit 32 bits; readers refuse such tables with an error
            /// before they get here.
            #[inline]
            pub fn new(position: usize) -> Self {
                Self(u32::try_from(position).expect("tables are limited to 32-bit positions"))
            }

            /// The table position, 0-based.
            #[inline]
            pub fn get(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index_type!(
    /// A text of the profile's [`Strings`](crate::Strings). Within one profile two ids are equal
    /// exactly when their texts are. The default is the empty text.
    StringId
);
index_type!(
    /// A position in [`Profile::locations`](crate::Profile::locations).
    LocationIndex
);
index_type!(
    /// A position in [`Profile::functions`](crate::Profile::functions).
    FunctionIndex
);
index_type!(
    /// A position in [`Profile::mappings`](crate::Profile::mappings).
    MappingIndex
);

impl StringId {
    /// The empty text, first in every string table.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty text.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}
