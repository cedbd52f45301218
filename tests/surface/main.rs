//! What shows from outside, and what must stay true inside: the floor plan.

mod floor_plan;
