//! `make bench`.
mod aws;
mod network;
mod processes;
mod rivals;
mod work;
mod world;
mod xero_calls;
use work::FirstSync;
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    for s in processes::starts().await? {
        println!("{s:?}");
    }
    for workers in [1, 2] {
        let e = processes::end_to_end(FirstSync::new(1000, 1600), workers).await?;
        for (n, s) in [
            ("first", &e.first),
            ("update", &e.update),
            ("sweep", &e.sweep),
        ] {
            println!(
                "{workers} {n}: {:?} poll {:?} busy {:?} xero {} bc {} {:?}",
                s.elapsed,
                s.polled,
                s.busy,
                s.calls_to(local_stack::gate::System::Xero),
                s.calls_to(local_stack::gate::System::BigChange),
                s.usage()?
            );
        }
        println!("refused {}", e.refused);
    }
    println!(
        "local {}",
        processes::by_the_local_event_source(FirstSync::new(1000, 1600)).await?
    );
    Ok(())
}
