#!/usr/bin/env python3
# Never started: its content is in keys.
