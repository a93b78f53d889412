//! Where Prometheus scrapes: `GET /metrics`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::sync::Notify;

use crate::error::MetricsError;
use crate::sheet::Sheet;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A server that ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// A socket that listens, and its real address.
pub(crate) fn listen(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), MetricsError> {
    let refused = |source| MetricsError::Listen { listen, source };
    let listener = TcpListener::bind(listen).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

/// Serves the sheet on a thread of its own.
pub(crate) fn serve(listener: TcpListener, sheet: Arc<Sheet>) -> Result<Server, MetricsError> {
    let failed = |source| MetricsError::Thread { what: "serving metrics", source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let exposition = move || async move { ([(CONTENT_TYPE, TEXT)], sheet.exposition()) };
    let router = Router::new().route("/metrics", get(exposition));
    let work = async move {
        let served = async { axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await };
        tokio::select! {
            ended = served => if let Err(error) = ended {
                tracing::error!(%error, "metrics are no longer served");
            },
            () = stopped.notified() => {}
        }
    };
    let thread = std::thread::Builder::new()
        .name("metrics-http".to_owned())
        .spawn(move || runtime.block_on(work))
        .map_err(failed)?;
    Ok(Server { stop, thread: Some(thread) })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // Whatever it died of, there is nothing left to serve.
            let _ = thread.join();
        }
    }
}
