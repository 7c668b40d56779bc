"""The only room that imports SpiffWorkflow: specs, tokens, step loop, state."""
