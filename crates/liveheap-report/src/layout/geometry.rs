//! Points, sizes and rectangles of a drawing, in points of 1/72 inch. x grows to the right, y
//! grows downwards.

/// A place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    /// Distance from the left.
    pub(crate) x: f64,
    /// Distance from the top.
    pub(crate) y: f64,
}

/// Width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Size {
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

/// A rectangle that stands upright.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    /// The corner at the top left.
    pub(crate) corner: Point,
    /// Width and height.
    pub(crate) size: Size,
}

impl Point {
    /// The point of these coordinates.
    pub(crate) fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The point `by` further to the right and down.
    pub(crate) fn moved(self, by: Point) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y }
    }
}

impl Size {
    /// The size with a margin on all sides: `across` left and right, `along` above and below.
    pub(crate) fn grown(self, across: f64, along: f64) -> Self {
        Self { width: self.width + 2.0 * across, height: self.height + 2.0 * along }
    }
}

impl Rect {
    /// The rectangle of this size around a centre.
    pub(crate) fn around(center: Point, size: Size) -> Self {
        let corner = Point::new(center.x - size.width / 2.0, center.y - size.height / 2.0);
        Self { corner, size }
    }

    pub(crate) fn left(&self) -> f64 {
        self.corner.x
    }

    pub(crate) fn right(&self) -> f64 {
        self.corner.x + self.size.width
    }

    pub(crate) fn top(&self) -> f64 {
        self.corner.y
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.corner.y + self.size.height
    }

    /// The point in the middle.
    pub(crate) fn center(&self) -> Point {
        Point::new(self.left() + self.size.width / 2.0, self.top() + self.size.height / 2.0)
    }

    /// The same rectangle further to the right and down.
    pub(crate) fn moved(self, by: Point) -> Self {
        Self { corner: self.corner.moved(by), size: self.size }
    }
}
