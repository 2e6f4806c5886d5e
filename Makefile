.PHONY: run test check bench evaluate soak faults setup

setup:
	@sh scripts/setup

# Sets up, builds, and does the main job on the practice camera.
run: setup
	cargo run --locked -- $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY)),studio,shoot)

test: setup
	cargo test --locked --lib --test it

check: setup
	cargo fmt --check
	cargo clippy --locked --all-targets

bench: setup
	cargo bench --locked --profile dev --bench speed

evaluate: setup
	cargo bench --locked --profile dev --bench evaluate

# A long shoot with live view: memory, open handles and latencies, a line for each tenth.
soak: setup
	CULET_SHOTS=$(or $(SHOTS),1000) cargo test --locked --test it whole_soak -- --ignored --nocapture

# Every fault at every moment of a shoot, two cameras at once, cut cables, and killed studios and hosts.
# FAULTS=cut,silence,two picks rows of the matrix, SHOTS sets the pictures of a row.
faults: setup
	CULET_FAULTS=$(FAULTS) CULET_SHOTS=$(or $(SHOTS),50) cargo test --locked --test it whole_matrix -- --ignored --nocapture
	cargo test --locked --test it -- --ignored --nocapture --test-threads 1 whole_cables whole_kills
