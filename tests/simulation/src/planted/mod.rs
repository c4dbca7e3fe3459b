//! Bugs that are planted to show that the simulation finds them.
//!
//! A simulation that cannot fail proves nothing. Each bug is planted at the boundary of the product: its
//! table, its vault, its queue or its transport behaves so that the product, seen from outside, does
//! what it would do with that bug. So a bug stays planted however the inside of the product changes, and
//! nothing is planted in the product itself.

mod bug;
mod host;
mod process;
mod systems;

use std::sync::Arc;

pub use bug::Planted;

use self::process::Process;
use crate::adapters::Adapters;
use crate::world::Function;

/// The parts of a process of this function, with a bug.
pub(crate) fn plant(
    planted: Planted,
    function: Function,
    settings: String,
    adapters: Adapters,
) -> Adapters {
    let process = Arc::new(Process::new(planted, function, settings));
    let (table, transport, mail) = (adapters.table, adapters.transport, adapters.mail);
    let transport = Arc::new(systems::Systems::new(process.clone(), transport));
    Adapters {
        vault: Arc::new(host::PlantedVault::new(planted, adapters.vault)),
        queue: Arc::new(host::PlantedQueue::new(
            process.clone(),
            adapters.queue.clone(),
        )),
        table: Arc::new(host::PlantedTable::new(
            process,
            table,
            adapters.queue,
            transport.clone(),
        )),
        transport,
        mail,
    }
}
