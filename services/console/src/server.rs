//! Listening: connections are few, short of patience, and on a thread that trading does not know of.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::desk::Desk;

/// Connections at once.
const CONNECTIONS: usize = 128;
/// How long a request's head may take to come; a connection that says nothing is closed after it.
const HEAD_IN: Duration = Duration::from_secs(30);
/// The most bytes of a request's head.
const MOST_HEAD: usize = 16 * 1024;
/// Threads that may wait for the engine.
const WAITING_THREADS: usize = 16;
/// How long what is under way may take when the server ends.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// A server on its thread.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens and serves until it is stopped or dropped. Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken or not allowed, or there is no thread.
    pub fn start(listen: SocketAddr, desk: Desk) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(WAITING_THREADS)
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let serve = move || runtime.block_on(serve(listener, desk, stopped));
        let thread = thread::Builder::new().name("control".to_owned()).spawn(serve)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// The address with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops serving.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A server that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(listener: TcpListener, desk: Desk, mut stopped: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the control API cannot listen"),
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((tcp, _)) => {
                tokio::spawn(converse(tcp, desk.clone(), place, stopped.clone()));
            }
            Err(error) => {
                // Out of descriptors, most likely: others may be closed in a moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(LAST_WORDS, places.acquire_many(all)).await;
}

async fn converse(
    tcp: TcpStream,
    desk: Desk,
    _place: OwnedSemaphorePermit,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers must not wait for each other.
    let _ = tcp.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.answer(request.map(Body::new)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_IN)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(tcp), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
        }
        _ = stopped.changed() => {}
    }
}
