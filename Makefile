.PHONY: run test check bench evaluate setup

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
	cargo bench --locked --bench speed

evaluate: setup
	cargo bench --locked --bench evaluate
