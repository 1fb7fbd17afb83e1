#!/usr/bin/lua
#