"""The networks that the multi-task network is compared with."""
