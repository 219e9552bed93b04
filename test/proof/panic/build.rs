//! Sets the linker flags that an N-API addon needs on this platform.

fn main() {
    napi_build::setup();
}
