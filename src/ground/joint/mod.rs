//! Work that many wait for, and any of them may drive.

mod bell;
mod work;

pub(crate) use self::{
    bell::{Bell, Place, Seat},
    work::{Found, Joint, Retire, Steward, Work},
};
